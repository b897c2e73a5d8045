import { describe, expect, test } from 'vitest'
import { TimeoutError } from '../errors/timeout-error.ts'
import { cancelOnBreak } from './cancel-on-break.ts'
import { mergeSignals } from './merge-signals.ts'
import { sleep } from './sleep.ts'
import { withAbort } from './with-abort.ts'

describe('withAbort', () => {
  test('gives the result when nothing fires', async () => {
    expect(await withAbort(Promise.resolve(4), new AbortController().signal)).toBe(4)
    expect(await withAbort(Promise.resolve(4), undefined)).toBe(4)
  })

  test('passes a failure of the work on', async () => {
    const failure = new DOMException('broken')
    await expect(withAbort(Promise.reject(failure), new AbortController().signal)).rejects.toBe(failure)
  })

  test('rejects at once with the reason, and cleans up what comes too late', async () => {
    const controller = new AbortController()
    const late = new Promise<string>((resolve) => setTimeout(resolve, 20, 'late'))
    const cleaned: string[] = []
    const waiting = withAbort(late, controller.signal, (value) => {
      cleaned.push(value)
    })
    controller.abort('stop')
    await expect(waiting).rejects.toBe('stop')
    expect(cleaned).toEqual([])
    await late
    await sleep(0)
    expect(cleaned).toEqual(['late'])
  })

  test('drops a failure that comes after the abort', async () => {
    const failing = new Promise<never>((_, reject) => setTimeout(reject, 5, new DOMException('late')))
    await expect(withAbort(failing, AbortSignal.abort('stop'))).rejects.toBe('stop')
    await sleep(10)
  })
})

describe('mergeSignals', () => {
  test('fires with the reason of the first that fires', () => {
    const controllers = [new AbortController(), new AbortController()] as const
    const { signal } = mergeSignals({ signals: [controllers[0].signal, undefined, controllers[1].signal] })
    controllers[1].abort('second')
    controllers[0].abort('first')
    expect(signal.reason).toBe('second')
  })

  test('has fired when one of them had', () => {
    expect(mergeSignals({ signals: [AbortSignal.abort('before')] }).signal.reason).toBe('before')
  })

  test('a deadline aborts with a TimeoutError that names the operation', async () => {
    const { signal } = mergeSignals({ timeoutMs: 5, operation: 'loading' })
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    expect(signal.reason).toBeInstanceOf(TimeoutError)
    expect((signal.reason as TimeoutError).message).toBe('loading took longer than 5 ms')
  })

  test('a deadline beyond the range of timers does not fire at once', async () => {
    const merged = mergeSignals({ timeoutMs: 2 ** 40 })
    await sleep(5)
    expect(merged.signal.aborted).toBe(false)
    merged.release()
  })

  test('after release nothing fires any more', async () => {
    const controller = new AbortController()
    const merged = mergeSignals({ signals: [controller.signal], timeoutMs: 5 })
    merged.release()
    controller.abort()
    await sleep(10)
    expect(merged.signal.aborted).toBe(false)
  })

  test('its own abort does not touch the signals it was made of', () => {
    const controller = new AbortController()
    const merged = mergeSignals({ signals: [controller.signal] })
    merged.abort('own')
    expect(merged.signal.reason).toBe('own')
    expect(controller.signal.aborted).toBe(false)
  })
})

describe('sleep', () => {
  test('waits', async () => {
    const start = performance.now()
    await sleep(15)
    expect(performance.now() - start).toBeGreaterThan(10)
  })

  test.each([
    ['before', 0],
    ['during', 5],
  ])('an abort %s the wait ends it with the reason', async (_, delayMs) => {
    const controller = new AbortController()
    if (delayMs === 0) controller.abort('stop')
    else setTimeout(() => controller.abort('stop'), delayMs)
    await expect(sleep(60_000, controller.signal)).rejects.toBe('stop')
  })
})

describe('cancelOnBreak', () => {
  async function* countUp(signal: AbortSignal, seen: AbortSignal[]): AsyncGenerator<number> {
    seen.push(signal)
    for (let index = 0; ; index++) {
      signal.throwIfAborted()
      yield index
    }
  }

  test('a break fires the inner signal', async () => {
    const seen: AbortSignal[] = []
    for await (const value of cancelOnBreak(undefined, (signal) => countUp(signal, seen))) if (value === 2) break
    expect(seen[0]?.aborted).toBe(true)
  })

  test('the outer signal fires the inner one with its reason', async () => {
    const controller = new AbortController()
    const read = async (): Promise<void> => {
      for await (const value of cancelOnBreak(controller.signal, (signal) => countUp(signal, [])))
        if (value === 1) controller.abort('outer')
    }
    await expect(read()).rejects.toBe('outer')
  })
})
