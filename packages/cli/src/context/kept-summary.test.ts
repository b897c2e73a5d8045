import { expect, test } from 'vitest'
import { keptSummary } from './kept-summary.ts'

const unit = (source: string, name: string, score: number | null, kept: [number, number][]) => ({
  source,
  name,
  score,
  kept,
  start: 0,
  end: 100,
  tokens: 30,
})

test('totals, then the named units that something is left of, best first', () => {
  const units = [
    unit('a.ts', 'low', 0.1, [[0, 100]]),
    unit('a.ts', 'dropped', 0.9, []),
    unit('b.ts', 'high', 0.8, [
      [0, 20],
      [50, 55],
    ]),
    unit('b.ts', '', null, [[0, 10]]),
    unit('c.ts', 'gone', 0, []),
  ]
  const document = { text: '', tokens: 40, originalTokens: 150, budget: 50, units, seconds: 1.25 }
  expect(keptSummary(document)).toBe(
    'kept 40 of 150 tokens (budget 50), from 2 of 3 files, in 1.3 s\n  b.ts  high (25 %)\n  a.ts  low',
  )
  expect(keptSummary(document, 1)).toContain('\n  and 1 more')
})
