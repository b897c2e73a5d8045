import { describe, expect, test } from 'vitest'
import { isLcError } from '../errors/lc-error.ts'
import { branch, passThrough } from './branch.ts'
import { createRunContext } from './create-run-context.ts'
import { defineStage } from './define-stage.ts'
import { parallel } from './parallel.ts'
import { pipe } from './pipe.ts'
import type { RunEvent } from './run-event.ts'
import type { Stage } from './stage.ts'

const double = defineStage('double', async (value: number) => value * 2)
const print = defineStage('print', async (value: number) => `=${value}`)

function recorder(): { events: RunEvent[]; emit: (event: RunEvent) => void } {
  const events: RunEvent[] = []
  return { events, emit: (event) => events.push(event) }
}

describe('pipe', () => {
  test('feeds each stage with the output of the one before', async () => {
    expect(await pipe(double, double, print)(3)).toBe('=12')
  })

  test('is a stage: it nests, and is named after its parts', async () => {
    const inner = pipe(double, double)
    expect(inner.stageName).toBe('double > double')
    expect(await pipe(inner, print)(1)).toBe('=4')
  })

  test('takes eight stages', async () => {
    expect(await pipe(double, double, double, double, double, double, double, print)(1)).toBe('=128')
  })

  test('takes plain functions as stages and names them by their place', async () => {
    const { events, emit } = recorder()
    const plain: Stage<number, number> = async (value) => value + 1
    expect(await pipe(plain, double)(1, createRunContext({ emit }))).toBe(4)
    expect(events[0]).toMatchObject({ type: 'stage-start', stage: 'stage 1' })
  })

  test('tells start and end of each stage with the time of the run context', async () => {
    const { events, emit } = recorder()
    let time = 0
    await pipe(double, print)(1, createRunContext({ emit, now: () => time++ }))
    expect(events).toEqual([
      { type: 'stage-start', stage: 'double', at: 0 },
      { type: 'stage-end', stage: 'double', at: 1, ms: 1, outcome: 'done' },
      { type: 'stage-start', stage: 'print', at: 2 },
      { type: 'stage-end', stage: 'print', at: 3, ms: 1, outcome: 'done' },
    ])
    expect(JSON.parse(JSON.stringify(events))).toEqual(events)
  })

  test('throws what a stage throws, and tells the failure', async () => {
    const { events, emit } = recorder()
    const failure = new DOMException('broken')
    const fails = defineStage('fails', async (_: number): Promise<number> => {
      throw failure
    })
    await expect(pipe(double, fails, print)(1, createRunContext({ emit }))).rejects.toBe(failure)
    expect(events.at(-1)).toMatchObject({ type: 'stage-end', stage: 'fails', outcome: 'failed' })
  })

  test('stops after the stage in which the signal fired, and rethrows its reason', async () => {
    const { events, emit } = recorder()
    const controller = new AbortController()
    const reason = { why: 'enough' }
    const stops = defineStage('stops', async (value: number) => {
      controller.abort(reason)
      return value
    })
    const run = createRunContext({ emit, signal: controller.signal })
    await expect(pipe(stops, double)(1, run)).rejects.toBe(reason)
    expect(events.map((event) => event.type)).toEqual(['stage-start', 'stage-end'])
    expect(events.at(-1)).toMatchObject({ outcome: 'aborted' })
  })

  test('does not start when the signal has fired already', async () => {
    let calls = 0
    const counts = defineStage('counts', async (value: number) => {
      calls++
      return value
    })
    await expect(pipe(counts)(1, createRunContext({ signal: AbortSignal.abort('no') }))).rejects.toBe('no')
    expect(calls).toBe(0)
  })

  test('refuses an empty list of stages', () => {
    const untyped = pipe as (...stages: unknown[]) => unknown
    expect(() => untyped()).toThrow(/at least one stage/)
  })
})

describe('parallel', () => {
  test('gives the outputs in the order of the stages', async () => {
    const slow = defineStage('slow', async (value: number) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return value
    })
    const outputs: [number, string] = await parallel(slow, print)(7)
    expect(outputs).toEqual([7, '=7'])
  })

  test('aborts the other stages when one fails, waits for them, and throws the failure', async () => {
    const failure = new DOMException('broken')
    let ended = false
    const fails = defineStage('fails', async (_: number): Promise<number> => {
      throw failure
    })
    const waits = defineStage('waits', async (_: number, run) => {
      await new Promise((resolve) => run.signal?.addEventListener('abort', resolve))
      ended = true
      return 1
    })
    await expect(parallel(waits, fails)(1)).rejects.toBe(failure)
    expect(ended).toBe(true)
  })

  test('gives each stage random numbers that do not depend on who comes first', async () => {
    const draw = (delayMs: number) =>
      defineStage('draw', async (_: number, run) => {
        await new Promise((resolve) => setTimeout(resolve, delayMs))
        return [run.random(), run.random()]
      })
    const first = await parallel(draw(0), draw(5))(0, createRunContext({ seed: 4 }))
    const second = await parallel(draw(5), draw(0))(0, createRunContext({ seed: 4 }))
    expect(first).toEqual(second)
    expect(first[0]).not.toEqual(first[1])
  })
})

describe('branch', () => {
  const absolute = branch((value: number) => (value < 0 ? 'negative' : 'other'), {
    negative: defineStage('negate', async (value: number) => -value),
    other: passThrough<number>(),
  })

  test.each([
    [-3, 3],
    [3, 3],
  ])('%d goes the way its choice names', async (input, output) => {
    expect(await absolute(input)).toBe(output)
  })

  test('a choice that names no stage is an invalid argument', async () => {
    const wrong = branch(() => 'toString' as 'a', { a: double })
    const error = await wrong(1).catch((thrown: unknown) => thrown)
    expect(isLcError(error) && error.code).toBe('invalid-argument')
  })
})

describe('createRunContext', () => {
  test('repeats its random numbers, and another seed gives others', () => {
    const draw = (seed?: number) => {
      const { random } = createRunContext(seed === undefined ? {} : { seed })
      return Array.from({ length: 4 }, random)
    }
    expect(draw()).toEqual(draw())
    expect(draw(1)).not.toEqual(draw(2))
  })

  test('keeps what it is given', () => {
    const signal = new AbortController().signal
    const run = createRunContext({ signal, random: () => 0.5 })
    expect(run.signal).toBe(signal)
    expect(run.random()).toBe(0.5)
    expect(Math.abs(run.now() - Date.now())).toBeLessThan(1000)
  })
})
