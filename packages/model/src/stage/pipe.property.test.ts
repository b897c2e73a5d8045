import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRunContext } from './create-run-context.ts'
import { defineStage } from './define-stage.ts'
import { pipe } from './pipe.ts'
import type { RunEvent } from './run-event.ts'
import { seededRandom } from './seeded-random.ts'

test('wherever the signal fires, no later stage runs and every start has its end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 9 }), async (count, abortAt) => {
      const controller = new AbortController()
      const started: number[] = []
      const stages = Array.from({ length: count }, (_, index) =>
        defineStage(`s${index}`, async (value: number) => {
          started.push(index)
          await Promise.resolve()
          if (index === abortAt) controller.abort('stop')
          return value + 1
        }),
      )
      const events: RunEvent[] = []
      const run = createRunContext({ signal: controller.signal, emit: (event) => events.push(event) })
      const composed = (pipe as (...all: typeof stages) => (typeof stages)[0])(...stages)!
      const outcome = await composed(0, run).catch((reason: unknown) => reason)
      expect(outcome).toBe(abortAt < count ? 'stop' : count)
      expect(started).toEqual([...started.keys()].slice(0, Math.min(count, abortAt + 1)))
      const of = (type: string) => events.filter((event) => event.type === type).length
      expect(of('stage-start')).toBe(started.length)
      expect(of('stage-end')).toBe(started.length)
    }),
  )
})

test('seeded random numbers are uniform: mean, spread and range', () => {
  const random = seededRandom(11)
  const draws = Array.from({ length: 20_000 }, random)
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.01)
  expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.003)
  expect(draws.every((value) => value >= 0 && value < 1)).toBe(true)
})
