/** @file Generated inputs for property tests: small programs, and text that breaks things. */
import fc from 'fast-check'

const names = fc.constantFrom('alpha', 'beta', 'gamma', 'delta', 'fetchAll', 'x1')
const statement = fc.tuple(names, names, fc.nat(99)).map(([a, b, n]) => `${a} = ${b}(${n})`)
const body = fc.array(statement, { minLength: 1, maxLength: 12 })

const braces = fc.tuple(names, body).map(([name, lines]) => `function ${name}(a) {\n  ${lines.join('\n  ')}\n}\n`)
const indented = fc.tuple(names, body).map(([name, lines]) => `def ${name}(a):\n    ${lines.join('\n    ')}\n`)
const classes = fc
  .tuple(names, fc.array(fc.tuple(names, body), { minLength: 1, maxLength: 4 }))
  .map(([name, methods]) => {
    const inside = methods.map(([method, lines]) => `  ${method}() {\n    ${lines.join('\n    ')}\n  }\n`)
    return `// about ${name}\nclass ${name} {\n${inside.join('\n')}}\n`
  })

/** Programs of functions and classes in one of several shapes and newline styles. */
export const someCode: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(
      fc.oneof(
        braces,
        indented,
        classes,
        statement.map((line) => `${line}\n`),
      ),
      { minLength: 1, maxLength: 8 },
    ),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
  )
  .map(([parts, newline, cut]) => {
    const text = parts.join('\n').replaceAll('\n', newline)
    return cut ? text.trimEnd() : text
  })

const hostilePieces = fc.constantFrom(
  '',
  '\u0000',
  '\ud800',
  '\udfff',
  '\r',
  '\r\n',
  '\n\n\n',
  '\t',
  '\u2028',
  '\ufeff',
  '// ...',
  '"""',
  '`${',
  '/*',
  '*/',
  '<!--',
  ')))',
  '{{{',
  'def f(',
  'class',
  '界面',
  '🙂👩‍👩‍👧',
  'שלום',
  'x'.repeat(300),
  '%s%n',
)

/** Strings of control characters, lone surrogates, unclosed brackets, mixed newlines and any Unicode. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof(hostilePieces, fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ maxLength: 20 })), {
    maxLength: 30,
  })
  .map((pieces) => pieces.join(''))
