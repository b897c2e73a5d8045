import { expect, test } from 'vitest'
import { between } from './write-between.ts'

const page = 'before\n<!-- measured: a -->\nold\n<!-- /measured -->\nmiddle\n<!-- measured: b -->\n<!-- /measured -->\n'

test('replaces only the named part, and again', () => {
  const once = between(page, 'a', 'new\n')
  expect(once).toContain('<!-- measured: a -->\n\nnew\n\n<!-- /measured -->\nmiddle')
  expect(once).not.toContain('old')
  expect(between(once, 'a', 'new\n')).toBe(once)
})

test('a part that is not there is an error', () => {
  expect(() => between(page, 'c', 'new')).toThrow('measured: c')
})
