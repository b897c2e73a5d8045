import { seededRandom } from '@lc/model'
import { describe, expect, test } from 'vitest'
import { type AcceptRule, movedTarget, rapidSampling, speculativeSampling } from './accept-rules.ts'

const target = Float64Array.of(0.5, 0.2, 0.15, 0.1, 0.05, 0)
const draft = Float64Array.of(0.1, 0.6, 0.1, 0.05, 0.05, 0.1)
const draws = 200_000

function draw(weights: ArrayLike<number>, random: () => number): number {
  let rest = random()
  for (let id = 0; id < weights.length; id++) {
    rest -= weights[id]!
    if (rest < 0) return id
  }
  return weights.length - 1
}

/** Shares of tokens that a rule gives for tokens drawn from the draft. */
function sharesOf(rule: AcceptRule, seed: number): number[] {
  const random = seededRandom(seed)
  const counts = new Array<number>(target.length).fill(0)
  for (let index = 0; index < draws; index++) {
    const id = draw(draft, random)
    counts[rule({ target, draft, id, greedy: false, random })]!++
  }
  return counts.map((count) => count / draws)
}

/** Pearson's statistic over tokens that can come; others must not. */
function chiSquare(shares: readonly number[], expected: ArrayLike<number>): number {
  let sum = 0
  for (const [id, share] of shares.entries()) {
    if (expected[id] === 0) expect(share).toBe(0)
    else sum += (draws * (share - expected[id]!) ** 2) / expected[id]!
  }
  return sum
}

// 1 in 1,000 at 4 degrees of freedom, five tokens
const critical = 18.47

test('speculative sampling draws from the target, whatever was drafted', () => {
  expect(chiSquare(sharesOf(speculativeSampling, 1), target)).toBeLessThan(critical)
})

test('a draft taken as it comes would not pass', () => {
  expect(
    chiSquare(
      sharesOf(({ id }) => (target[id]! > 0 ? id : 0), 1),
      target,
    ),
  ).toBeGreaterThan(1000)
})

/** RAPID's distribution by its formulas, token by token. */
function rapidDistribution(transfer: number): number[] {
  const softmax = (logits: readonly number[]) => {
    const weights = logits.map(Math.exp)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.map((weight) => weight / total)
  }
  const logits = [...target].map(Math.log)
  const shifted = logits.map((logit, id) => logit + transfer * (draft[id]! - target[id]!))
  const first = softmax(shifted)
  const moved = softmax(shifted.map((logit, id) => (first[id]! < 0.1 * Math.max(...first) ? logits[id]! : logit)))
  const accepted = moved.map((p, id) => Math.min(p, draft[id]!))
  const rest = moved.map((p, id) => Math.max(target[id]! - draft[id]!, target[id]! - p, 0))
  const total = rest.reduce((sum, weight) => sum + weight, 0)
  const rejected = 1 - accepted.reduce((sum, p) => sum + p, 0)
  return accepted.map((p, id) => p + (rejected * rest[id]!) / total)
}

describe('RAPID', () => {
  test.each([0.5, 3, 10])('draws as its formulas say, transfer %d', (transfer) => {
    const expected = rapidDistribution(transfer)
    expect(expected.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
    expect(chiSquare(sharesOf(rapidSampling({ transfer }), 7), expected)).toBeLessThan(critical)
  })

  test('without transfer is speculative sampling', () => {
    expect(sharesOf(rapidSampling({ transfer: 0 }), 3)).toEqual(sharesOf(speculativeSampling, 3))
  })

  test('moves towards the draft where it matters, and leaves small tokens their logits', () => {
    const moved = movedTarget(target, draft, { transfer: 5, threshold: 0.1 })
    expect(moved[1]!).toBeGreaterThan(target[1]!)
    // neither of the last two is significant: their ratio to each other stays
    const small = movedTarget(Float64Array.of(0.9, 0.06, 0.04), Float64Array.of(0.9, 0, 0.1), {
      transfer: 5,
      threshold: 0.1,
    })
    expect(small[1]! / small[2]!).toBeCloseTo(1.5, 12)
  })

  test('greedy takes the best token of the moved target', () => {
    const input = { target, draft, greedy: true, random: () => 0.5 }
    expect(rapidSampling({ transfer: 5 })({ ...input, id: 2 })).toBe(1)
    expect(speculativeSampling({ ...input, id: 2 })).toBe(0)
  })

  test.each([{ transfer: -1 }, { transfer: Number.NaN }, { transfer: 1, threshold: 2 }])('refuses %o', (options) => {
    expect(() => rapidSampling(options)).toThrow(/transfer|threshold/)
  })
})
