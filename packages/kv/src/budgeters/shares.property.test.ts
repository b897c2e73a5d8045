import fc from 'fast-check'
import { expect, test } from 'vitest'
import { adaptiveBudgetsExact, adaptiveBudgetsOfficial, roundHalfToEven } from './adaptive.ts'
import { poolShare } from './pool-share.ts'
import { linearCounts } from './pyramid-share.ts'

const numRuns = Number(process.env.LC_PROPERTY_RUNS ?? 100)

test('linear counts fall, meet their total, and stay within the candidates', () => {
  fc.assert(
    fc.property(
      fc.record({
        layers: fc.integer({ min: 1, max: 40 }),
        mean: fc.integer({ min: 0, max: 500 }),
        most: fc.integer({ min: 1, max: 1000 }),
        beta: fc.integer({ min: 1, max: 40 }),
      }),
      (options) => {
        const counts = linearCounts(options)
        const total = counts.reduce((sum, count) => sum + count, 0)
        expect(total).toBe(options.layers * Math.min(options.mean, options.most))
        for (const [layer, count] of counts.entries()) {
          expect(count).toBeGreaterThanOrEqual(0)
          expect(count).toBeLessThanOrEqual(options.most)
          if (layer > 0) expect(count).toBeLessThanOrEqual(counts[layer - 1]!)
        }
      },
    ),
    { numRuns },
  )
})

test('the published pyramid: 4 layers of 72 slots, 8 of them a window', () => {
  expect(linearCounts({ layers: 4, mean: 64, most: 4088, beta: 20 })).toEqual([125, 84, 44, 3])
})

test('a pool keeps the best of all heads, and its total', () => {
  const scores = fc.array(
    fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 8 }), { minLength: 2, maxLength: 2 }),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  fc.assert(
    fc.property(scores, fc.integer({ min: 0, max: 8 }), (values, mean) => {
      const rows = values.map((layer) => layer.map((head) => Float32Array.from(head)))
      const counts = poolShare({ scores: rows, mean, length: 8, protectedSlots: 0 })
      const all = values.flat(2)
      const total = counts.flatMap((layer) => [...layer]).reduce((sum, count) => sum + count, 0)
      expect(total).toBe(Math.min(all.length, rows.length * 2 * mean))
      const kept = values.flatMap((layer, l) =>
        layer.flatMap((head, h) => [...head].sort((a, b) => b - a).slice(0, counts[l]![h])),
      )
      const best = [...all].sort((a, b) => b - a).slice(0, total)
      expect(kept.sort((a, b) => b - a)).toEqual(best)
    }),
    { numRuns },
  )
})

test('adaptive budgets are those of one plain ranking, ties to the earlier head and slot', () => {
  const scores = fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 12 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(
      scores,
      fc.integer({ min: 0, max: 12 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, budget, alpha) => {
        const rows = values.map((head) => Float32Array.from(head))
        const ranked = values
          .flatMap((head, index) => head.map((score, slot) => ({ head: index, score, slot })))
          .sort((a, b) => b.score - a.score || a.head - b.head || a.slot - b.slot)
        const total = rows.length * budget
        const best = values.map((_, head) => ranked.slice(0, total).filter((each) => each.head === head).length)
        const blend = (count: number) => roundHalfToEven(count * (1 - alpha) + Math.floor(budget * alpha + 1e-9))
        expect([...adaptiveBudgetsOfficial(rows, budget, alpha)]).toEqual(best.map(blend))
        const safe = Math.floor(budget * alpha + 1e-9)
        const counts = values.map((head) => Math.min(safe, head.length))
        const contested = ranked.filter((each) => {
          const before = ranked.filter(({ head }) => head === each.head).indexOf(each)
          return before >= safe
        })
        const left = Math.max(0, total - counts.reduce((sum, count) => sum + count, 0))
        for (const { head } of contested.slice(0, left)) counts[head]!++
        expect([...adaptiveBudgetsExact(rows, budget, alpha)]).toEqual(counts)
      },
    ),
    { numRuns },
  )
})
