import { describe, expect, test } from 'vitest'
import { nodeCodeParsers } from '../node/node-parsers.ts'
import type { CodeOutline } from './code-unit.ts'
import { type Language, languageOf } from './language.ts'
import { parseUnits } from './parse-units.ts'
import { lineText } from './source-lines.ts'

const parsers = nodeCodeParsers()

const samples: Record<string, { language: Language; code: string; units: string[] }> = {
  'typescript: decorators and comments lead, members nest, nested functions stay inside': {
    language: 'typescript',
    code: `import a from 'a'

/** About A. */
@sealed()
export class A extends B {
  x = 1

  /** About m. */
  @logged()
  async m(): Promise<void> {
    function inner() {
      return 1
    }
    await inner()
  }

  get y() {
    return this.x
  }
}

export const f = async (a: number) => {
  return a
}
interface Shape {
  side: number
}
namespace N {
  export function g() {
    return 2
  }
}
console.log(f)
`,
    units: [
      'imports  0-2 header 0-0',
      'class A 2-7 header 3-5 closer 19-21',
      'method A.m 7-16 header 8-10',
      'method A.y 16-19 header 16-17',
      'function f 21-24 header 21-22',
      'interface Shape 24-27 header 24-25',
      'module N 27-28 header 27-28 closer 31-32',
      'function N.g 28-31 header 28-29',
      'statements  32-33 header 32-32',
    ],
  },
  'tsx: components are functions': {
    language: 'tsx',
    code: `export default function App({ a }: Props) {
  return <div>{a}</div>
}
const B = () => (
  <b>
    x
  </b>
)
`,
    units: ['function App 0-3 header 0-1', 'function B 3-8 header 3-4'],
  },
  'javascript: assigned functions have the name of their target': {
    language: 'javascript',
    code: `exports.go = function () {
  return 1
}
class K {
  run() {
    return 2
  }
}
`,
    units: ['function exports.go 0-3 header 0-1', 'class K 3-4 header 3-4 closer 7-8', 'method K.run 4-7 header 4-5'],
  },
  'python: async, decorated, nested; a def in a string is no unit': {
    language: 'python',
    code: `import os
from b import c

# about f
@cached(
    size=2)
def f(a):
    """def no(x):
    pass"""
    return 1

class A(B):
    """Doc."""
    x = 1

    @property
    async def m(self):
        def inner():
            pass
        return inner

    class In:
        def z(self):
            pass


if __name__ == '__main__':
    f()
`,
    units: [
      'imports  0-3 header 0-0',
      'function f 3-11 header 4-7',
      'class A 11-15 header 11-12',
      'method A.m 15-21 header 15-17',
      'class A.In 21-22 header 21-22',
      'method A.In.z 22-26 header 22-23',
      'statements  26-28 header 26-26',
    ],
  },
  'go: methods are named with their receiver': {
    language: 'go',
    code: `package x

import "a"

// M does.
func (r *Tree[K]) M(a int) error {
	return nil
}

type S struct {
	a int
}
`,
    units: ['imports  0-4 header 0-0', 'method Tree.M 4-9 header 5-6', 'type S 9-12 header 9-10'],
  },
  'rust: attributes lead, impl blocks contain, enums and traits are units': {
    language: 'rust',
    code: `use a::b;
/// About S.
#[derive(Debug)]
pub struct S {
    a: i32,
}
impl<T> Foo for S {
    #[test]
    fn m(&self) -> i32 {
        1
    }
}
pub enum E {
    A,
}
`,
    units: [
      'imports  0-1 header 0-0',
      'type S 1-6 header 2-4',
      'class S.Foo 6-7 header 6-7 closer 11-12',
      'method S.Foo.m 7-11 header 7-9',
      'enum E 12-15 header 12-13',
    ],
  },
  'java: annotations are in the header, short members stay with the class': {
    language: 'java',
    code: `package a;
import b.C;

/** About A. */
@Ann
public class A extends B {
    int x;

    /** About m. */
    @Override
    public void m(int a) throws E {
        return;
    }
    int y() { return 1; }
}
`,
    units: [
      'imports  0-3 header 0-0',
      'class A 3-8 header 4-6 closer 14-15',
      'method A.m 8-13 header 9-11',
      'statements  13-14 header 13-13',
    ],
  },
  'c: names hide in declarators, guards contain': {
    language: 'c',
    code: `#ifndef X_H
#define X_H
#include <a.h>

/* About f. */
static int *f(int a)
{
    return 0;
}
struct s {
    int a;
};
#endif
`,
    units: ['module X_H 0-4 header 0-1 closer 12-13', 'function X_H.f 4-9 header 5-7', 'type X_H.s 9-12 header 9-10'],
  },
  'cpp: templates lead, namespaces and classes contain': {
    language: 'cpp',
    code: `#include <a>
namespace n {
template <class T>
class A : B {
 public:
  int x;
  void m() {
    return;
  }
};
void A::k(int a) {
  a++;
}
}
`,
    units: [
      'imports  0-1 header 0-0',
      'module n 1-2 header 1-2 closer 13-14',
      'class n.A 2-6 header 2-4 closer 9-10',
      'method n.A.m 6-9 header 6-7',
      'function n.A::k 10-13 header 10-11',
    ],
  },
  'c-sharp': {
    language: 'c-sharp',
    code: `using A;
namespace N {
    [Attr]
    public class A : B {
        public void M(int a) {
            a++;
        }
    }
}
`,
    units: [
      'imports  0-1 header 0-0',
      'module N 1-2 header 1-2 closer 8-9',
      'class N.A 2-4 header 2-4 closer 7-8',
      'method N.A.M 4-7 header 4-5',
    ],
  },
  ruby: {
    language: 'ruby',
    code: `require 'a'
module M
  # About m.
  def m(a)
    1
  end
end
`,
    units: ['statements  0-1 header 0-0', 'module M 1-2 header 1-2 closer 6-7', 'method M.m 2-6 header 3-4'],
  },
  php: {
    language: 'php',
    code: `<?php
namespace A;
class A extends B {
    public function m($a) {
        return 1;
    }
}
`,
    units: ['imports  0-2 header 0-0', 'class A 2-3 header 2-3 closer 6-7', 'method A.m 3-6 header 3-4'],
  },
}

function describeOutline(outline: CodeOutline): string[] {
  return outline.units.map(({ kind, name, lines, header, closer }) => {
    const own = `${kind} ${name} ${lines.from}-${lines.to} header ${header.from}-${header.to}`
    return closer ? `${own} closer ${closer.from}-${closer.to}` : own
  })
}

describe('units of a syntax tree', () => {
  test.each(Object.entries(samples))('%s', async (_, { language, code, units }) => {
    const outline = await parseUnits(code, language, parsers)
    expect(outline.parsedBy).toBe('tree-sitter')
    expect(describeOutline(outline)).toEqual(units)
  })

  test.each(Object.entries(samples))('%s: CRLF gives the same units', async (_, { language, code, units }) => {
    const outline = await parseUnits(code.replaceAll('\n', '\r\n'), language, parsers)
    expect(describeOutline(outline)).toEqual(units)
  })

  test('a block may begin at statements, not inside strings, arguments or expressions', async () => {
    const code = `def f(a):
    x = g(
        1,
        2)
    text = """
one
two"""
    if a:
        y = 1
    else:
        y = 2
    return (x +
            y)
`
    const { lines, borders } = await parseUnits(code, 'python', parsers)
    const allowed = Array.from(borders).flatMap((border, line) => (border ? [lineText(lines, line).trim()] : []))
    expect(allowed).toEqual(['def f(a):', 'x = g(', 'text = """', 'if a:', 'y = 1', 'else:', 'y = 2', 'return (x +'])
  })

  test('code that is mostly errors is read by indentation', async () => {
    const { parsedBy } = await parseUnits(')))((( 1 2 3 ]]] def def\n'.repeat(20), 'python', parsers)
    expect(parsedBy).toBe('indentation')
  })
})

describe('units by indentation', () => {
  test('paragraphs at the margin are units, indented text stays with them, definitions are named', async () => {
    const code = 'fun a() {\n\n  x()\n}\n\nfun b() {\n  y()\n}\n'
    const outline = await parseUnits(code, 'kotlin')
    expect(outline.parsedBy).toBe('indentation')
    expect(describeOutline(outline)).toEqual(['text a 0-5 header 0-1', 'text b 5-8 header 5-6'])
  })

  test('markdown headings begin units', async () => {
    const outline = await parseUnits('# One\ntext\n## Two\nmore\n', 'markdown')
    expect(describeOutline(outline)).toEqual(['text One 0-2 header 0-1', 'text Two 2-4 header 2-3'])
  })
})

test.each([
  ['a/b.ts', 'typescript'],
  ['C:\\x\\y.PY', 'python'],
  ['Dockerfile', 'bash'],
  ['noext', 'text'],
  ['x.constructor', 'text'],
  ['.h', 'cpp'],
])('the language of %s is %s', (path, language) => {
  expect(languageOf(path)).toBe(language)
})

test('a #! line tells the language of a file without extension', () => {
  expect(languageOf('tool', '#!/usr/bin/env python3\n')).toBe('python')
  expect(languageOf('tool', '#!/bin/sh\n')).toBe('bash')
})

test('a long script is cut into units where statements begin', async () => {
  const code = Array.from({ length: 300 }, (_, index) => `call(\n  ${index},\n)\n`).join('')
  const { units, lines } = await parseUnits(code, 'javascript', parsers)
  expect(units.length).toBeGreaterThan(8)
  expect(units.every((unit) => lineText(lines, unit.lines.from) === 'call(\n')).toBe(true)
  expect(units.at(-1)!.lines.to).toBe(lines.count)
})

test('a definition of thousands of lines is a container of the runs of its body', async () => {
  const body = Array.from({ length: 900 }, (_, index) => `    if rows[${index}]:\n        total += ${index}\n`).join('')
  const code = `import os\n\ndef load(rows):\n    total = 0\n${body}    return total\n\ndef next(a):\n    return a\n`
  const { units, lines } = await parseUnits(code, 'python', parsers)
  const [, load, ...rest] = units
  expect(load).toMatchObject({ kind: 'function', name: 'load', parent: -1 })
  expect(load!.header).toEqual({ from: 2, to: 3 })
  const runs = rest.slice(0, -1)
  expect(runs.length).toBeGreaterThan(20)
  for (const run of runs) {
    expect(run).toMatchObject({ kind: 'statements', name: '', parent: 1 })
    expect(lineText(lines, run.lines.from)).toMatch(/^ {4}(if|return)/)
    expect(lines.starts[run.lines.to]! - lines.starts[run.lines.from]!).toBeLessThanOrEqual(6000)
  }
  expect(rest.at(-1)).toMatchObject({ kind: 'function', name: 'next', parent: -1 })
})

test.each([
  ['javascript', `function all(){${'call("one",2);'.repeat(20_000)}}`],
  ['text', 'word '.repeat(50_000)],
  ['json', `[${'{"id":17,"tags":["a"]},'.repeat(10_000)}{}]`],
] as const)('one line of %s is cut into units that are short enough to read', async (language, text) => {
  const { units, lines } = await parseUnits(text, language, parsers)
  const lengths = units.map((unit) => lines.starts[unit.lines.to]! - lines.starts[unit.lines.from]!)
  expect(Math.max(...lengths)).toBeLessThanOrEqual(6000)
  expect(units.length).toBeGreaterThan(30)
})

describe('text that hurts parsers', () => {
  test.each([
    ['open brackets', '('.repeat(100_000)],
    ['deep valid nesting', `x = ${'('.repeat(20_000)}1${')'.repeat(20_000)}\n`],
    ['deep indentation', Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}if x:\n`).join('')],
    ['garbage', 'def class ) ( ] [ " \' ` ${ \n'.repeat(5000)],
    ['binary', Array.from({ length: 100_000 }, (_, at) => String.fromCharCode((at * 7919) % 256)).join('')],
  ])(
    '%s: all lines are in units, in bounded time',
    async (_, text) => {
      for (const language of ['python', 'typescript', 'rust'] as const) {
        const { units, lines } = await parseUnits(text, language, parsers)
        const covered = units.reduce(
          (sum, { lines: own, closer }) => sum + own.to - own.from + (closer ? closer.to - closer.from : 0),
          0,
        )
        expect(covered).toBe(lines.count)
      }
    },
    20_000,
  )
})
