import { expect, test } from 'vitest'
import { distributionOf, probabilityOf } from './distributions.ts'

test('the probability of one token is that in the list of all', () => {
  const logits = Float32Array.of(1.5, -2, 90, 89.25, Number.NEGATIVE_INFINITY, 88)
  const all = distributionOf(logits, { temperature: 0, topK: 0, topP: 1, minP: 0 })
  for (const id of [0, 2, 3, 5]) expect(probabilityOf(logits, id)).toBeCloseTo(all[id]!, 12)
  // a token that cannot come has no probability, and is no fault
  expect(probabilityOf(logits, 4)).toBe(0)
})
