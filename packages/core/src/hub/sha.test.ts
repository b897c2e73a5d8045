import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha1, sha256 } from './sha.ts'

describe.each([
  ['sha256', sha256],
  ['sha1', sha1],
] as const)('%s', (algorithm, make) => {
  test('agrees with another implementation however the input is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (pieces) => {
        const ours = make()
        const theirs = createHash(algorithm)
        for (const piece of pieces) {
          ours.update(piece)
          theirs.update(piece)
        }
        expect(ours.hex()).toBe(theirs.digest('hex'))
      }),
      { numRuns: 300 },
    )
  })

  test('agrees on every length around a block', () => {
    for (let length = 0; length < 200; length++) {
      const bytes = new Uint8Array(length).fill(length)
      const ours = make()
      ours.update(bytes)
      expect(ours.hex()).toBe(createHash(algorithm).update(bytes).digest('hex'))
    }
  })
})
