import { expect, test } from 'vitest'
import { hashBytes } from './hash-bytes.ts'

test('differs where any byte or the length differs', () => {
  const bytes = Uint8Array.from({ length: 2000 }, (_, at) => (at * 31) & 255)
  const seen = new Set([
    hashBytes(bytes),
    hashBytes(bytes.subarray(1)),
    hashBytes(new Uint8Array(0)),
    hashBytes(new Uint8Array(1)),
  ])
  for (let at = 0; at < 2000; at += 1) {
    const changed = bytes.slice()
    changed[at] = changed[at]! ^ 1
    seen.add(hashBytes(changed))
  }
  expect(seen.size).toBe(2004)
  expect(hashBytes(bytes)).toBe(hashBytes(bytes.slice()))
})
