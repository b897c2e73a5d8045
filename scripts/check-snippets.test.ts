import { join } from 'node:path'
import { expect, test } from 'vitest'
import { allSnippets, commentSnippets, snippetsOf, typeErrors } from './check-snippets.ts'

const root = join(import.meta.dirname, '..')
const page = `# Page

\`\`\`ts run
import { checkInteger } from '@lc/model/check'
console.log(checkInteger(3, 'three'))
\`\`\`

\`\`\`text
3
\`\`\`

Text between.

\`\`\`ts
const wrong: number = 'text'
\`\`\`

\`\`\`ts more
console.log(wrong, missing)
\`\`\`

\`\`\`sh
npm test
\`\`\`

\`\`\`text
no output of a program
\`\`\`
`

test('fences become programs with their place, their output and their continuations', () => {
  expect(snippetsOf('page.md', page)).toEqual([
    {
      page: 'page.md',
      line: 4,
      code: "import { checkInteger } from '@lc/model/check'\nconsole.log(checkInteger(3, 'three'))\n",
      run: 'plain',
      prints: '3',
    },
    { page: 'page.md', line: 15, code: "const wrong: number = 'text'\n\nconsole.log(wrong, missing)\n", run: 'no' },
  ])
})

test('examples of doc comments are programs too', () => {
  const source =
    'const a = 1\n/**\n * Adds.\n *\n * @example\n * ```ts\n * const sum = 1 + 1\n * ```\n */\nexport const b = 2\n'
  expect(commentSnippets('x.ts', source)).toEqual([{ page: 'x.ts', line: 7, code: 'const sum = 1 + 1\n', run: 'no' }])
})

test('type errors are reported at their line of the page', () => {
  const errors = typeErrors(root, snippetsOf('page.md', page))
  expect(errors).toHaveLength(2)
  expect(errors[0]).toBe("page.md:15: Type 'string' is not assignable to type 'number'.")
  expect(errors[1]).toContain("Cannot find name 'missing'")
})

test('all programs of our pages type-check', () => {
  expect(typeErrors(root, allSnippets(root))).toEqual([])
})
