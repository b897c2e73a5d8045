import { expect, test } from 'vitest'
import { ggufPreTokenizer } from '../gguf-pre-tokenizer.ts'
import { translatePattern } from './onig-pattern.ts'

function matches(source: string, text: string): string[] {
  const translated = translatePattern(source)
  if ('problem' in translated) return [translated.problem]
  return text.match(new RegExp(translated.pattern, 'gu')) ?? []
}

test.each([
  ["(?i:'s|'t|'re)", "it's IT'S you'RE 'ſ", ["'s", "'S", "'RE", "'ſ"]],
  ['\\s+', 'a\u0085b\ufeffc\u3000d', ['\u0085', '\u3000']],
  ['[^\\s\\p{L}]+', 'a, b\u00a0c;d', [',', ';']],
  ['\\p{Han}+', 'a漢字b', ['漢字']],
  ['[\\p{^L}-]+', 'a1-2b', ['1-2']],
  ['a++b', 'aaab', ['aaab']],
  ['(?>a|ab)c', 'abc ac', ['ac']],
  ['\\x{41}|\\u0042', 'AB', ['A', 'B']],
  ['^a|b$', 'a b\na b', ['a', 'b', 'a', 'b']],
  ['[\\-+*/]+', '1+2-3', ['+', '-']],
  ['\\h+', 'xyz09afg', ['09af']],
  ['a{2,}+', 'aaaa', ['aaaa']],
  ['{}]', '{}]', ['{}]']],
])('%s', (source, text, expected) => {
  expect(matches(source, text)).toEqual(expected)
})

test.each([
  '(a+)+$',
  '(a|a)*b',
  '(?:a*)*',
  '((a|b){2,5})+',
  '[[a-z]&&[^b]]',
  '(?<name',
  '\\q',
  'a)',
  '(a',
  '\\p{Nope}',
  '('.repeat(200),
  'a{2}{3}*{',
])('%s is refused with a sentence', (source) => {
  expect(translatePattern(source)).toEqual({ problem: expect.any(String) })
})

test.each(['llama3', 'qwen2', 'tekken', 'gpt-4o', 'default', 'smollm', 'gpt-2'])(
  'the pattern of %s is taken',
  (name) => {
    const patterns = JSON.stringify(ggufPreTokenizer(name)).matchAll(/"Regex":("(?:[^"\\]|\\.)*")/g)
    for (const [, pattern] of patterns)
      expect(translatePattern(JSON.parse(pattern!) as string)).toHaveProperty('pattern')
  },
)

test('a pre-tokenizer that is not known is undefined', () => {
  expect(ggufPreTokenizer('constructor')).toBeUndefined()
})
