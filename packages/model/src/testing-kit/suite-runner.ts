/** @file What a conformance suite needs of a test framework; vitest, jest and bun fit as they are. */
import { isLcError } from '../errors/lc-error.ts'

/** The checks that the suites use. */
export interface SuiteMatchers {
  toBe(expected: unknown): unknown
  toEqual(expected: unknown): unknown
  toBeLessThanOrEqual(limit: number): unknown
  toBeGreaterThanOrEqual(limit: number): unknown
}

/** A test framework. */
export interface SuiteRunner {
  describe: (name: string, body: () => void) => unknown
  test: (name: string, body: () => Promise<void>) => unknown
  expect: (actual: unknown, message?: string) => SuiteMatchers
}

/** A test framework and the implementation under test. */
export interface SuiteOptions<T> extends SuiteRunner {
  /** Names the suite. Defaults to the capability. */
  name?: string
  /** Makes the implementation; called once, before the first test. Closing it is the caller's business. */
  create: () => T | Promise<T>
}

/** Makes the implementation once, on first use. */
export function createOnce<T>(create: () => T | Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= Promise.resolve().then(create)
    return made
  }
}

/** What a promise is rejected with; undefined when it is fulfilled. */
export async function rejectionOf(work: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error
  }
}

/** The code of the lc error that some work throws, `'none'` without an error, `'foreign'` for another error. */
export async function errorCodeOf(work: () => PromiseLike<unknown>): Promise<string> {
  let thrown: unknown
  try {
    await work()
    return 'none'
  } catch (error) {
    thrown = error
  }
  return isLcError(thrown) ? thrown.code : `foreign: ${String(thrown)}`
}

/** Whether some work is done or refused as a missing capability: its result, or undefined when refused. */
export async function honouredOrRefused<T>(work: () => PromiseLike<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isLcError(error) && error.code === 'unsupported-capability') return undefined
    throw error
  }
}

/** The largest difference of two lists of numbers; infinite when lengths or NaNs differ. */
export function largestDifference(first: ArrayLike<number>, second: ArrayLike<number>): number {
  if (first.length !== second.length) return Number.POSITIVE_INFINITY
  let largest = 0
  for (let index = 0; index < first.length; index++) {
    const [a, b] = [first[index]!, second[index]!]
    if (Number.isNaN(a) && Number.isNaN(b)) continue
    const difference = Math.abs(a - b)
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY
    largest = Math.max(largest, difference)
  }
  return largest
}

/** Checks that an operation rejects with the very reason of a signal that has fired before it starts. */
export function testAbort<T>(
  suite: SuiteRunner,
  get: () => Promise<T>,
  work: (implementation: T, signal: AbortSignal) => PromiseLike<unknown>,
): void {
  suite.test('a signal that has fired rejects with its own reason', async () => {
    const implementation = await get()
    const reason = { why: 'the user left' }
    suite.expect(await rejectionOf(() => work(implementation, AbortSignal.abort(reason)))).toBe(reason)
  })
}
