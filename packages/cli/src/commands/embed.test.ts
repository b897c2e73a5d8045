import { expect, test } from 'vitest'
import { linesOf } from './embed.ts'

test.each([
  ['', []],
  ['a', ['a']],
  ['a\n', ['a']],
  ['a\nb', ['a', 'b']],
  ['a\r\nb\r\n', ['a', 'b']],
  ['a\n\nb\n\n', ['a', '', 'b', '']],
  ['\n', ['']],
])('%j is the lines %j', (text, lines) => {
  expect(linesOf(text)).toEqual(lines)
})
