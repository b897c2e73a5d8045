/** @file What every `Attender` must hold: causal probabilities, and reductions that equal reducing the full answer. */
import type { Attender, AttendRequest, AttendResult } from '../capability/attender.ts'
import { createOnce, errorCodeOf, largestDifference, type SuiteOptions, testAbort } from './suite-runner.ts'

/** The attender under test. */
export interface AttenderSuiteOptions extends SuiteOptions<Attender> {
  /** At least eight token ids of the model, or a text of that many tokens. */
  input: string | ArrayLike<number>
  /** The number of tokens of the input. Defaults to its length when ids are given. */
  tokenCount?: number
  /** Defaults to 1e-3. */
  tolerance?: number
}

type Case = AttenderSuiteOptions & { tokenCount: number; tolerance: number }

/** Tests of an attender. */
export function attenderSuite(given: AttenderSuiteOptions): void {
  const tokenCount = given.tokenCount ?? (typeof given.input === 'string' ? 0 : given.input.length)
  const options: Case = { tolerance: 1e-3, ...given, tokenCount }
  const get = createOnce(options.create)
  options.describe(options.name ?? 'Attender', () => {
    testProbabilities(options, get)
    testReductions(options, get)
    testRanges(options, get)
    testAbort(options, get, (attender, signal) => attender.attend(requestOf(options), { signal }))
  })
}

/** The last three tokens attending to all. */
function requestOf({ input, tokenCount }: Case): AttendRequest {
  return { input, queries: { from: tokenCount - 3, to: tokenCount } }
}

function testProbabilities(options: Case, get: () => Promise<Attender>): void {
  const { test, expect, tolerance, tokenCount } = options
  test('every head of every row is a distribution over what came before', async () => {
    const { shape, data } = await (await get()).attend({ ...requestOf(options), heads: 'each', rows: 'each' })
    expect(shape.length).toBe(4)
    expect(shape.slice(2)).toEqual([3, tokenCount])
    expect(data.length).toBe(shape.reduce((product, size) => product * size, 1))
    for (let offset = 0, row = 0; offset < data.length; offset += tokenCount, row++) {
      const weights = data.subarray(offset, offset + tokenCount)
      const position = tokenCount - 3 + (row % 3)
      let total = 0
      for (const weight of weights) total += weight
      expect(Math.abs(total - 1)).toBeLessThanOrEqual(tolerance)
      expect(Math.min(...weights)).toBeGreaterThanOrEqual(0)
      const later = Array.from(weights.subarray(position + 1))
      expect(
        later.every((weight) => weight === 0),
        'later tokens get nothing',
      ).toBe(true)
    }
  })
}

function testReductions(options: Case, get: () => Promise<Attender>): void {
  const { test, expect, tolerance } = options
  const compare = async (request: Partial<AttendRequest>, reduce: (full: AttendResult) => number[]): Promise<void> => {
    const attender = await get()
    const full = await attender.attend({ ...requestOf(options), heads: 'each', rows: 'each' })
    const reduced = await attender.attend({ ...requestOf(options), ...request })
    const expected = reduce(full)
    expect(largestDifference(reduced.data, expected)).toBeLessThanOrEqual(tolerance)
    expect(reduced.shape.reduce((product, size) => product * size, 1)).toBe(expected.length)
  }
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const max = (values: readonly number[]): number => Math.max(...values)
  const weighted = (values: readonly number[]): number => {
    const total = (values.length * (values.length + 1)) / 2
    return values.reduce((sum, value, index) => sum + (value * (index + 1)) / total, 0)
  }

  for (const [heads, reduce] of [
    ['mean', mean],
    ['max', max],
  ] as const)
    test(`heads: ${heads} is that of all heads`, async () => {
      await compare({ heads, rows: 'each' }, (full) => reduceAxis(full, 1, reduce).data)
    })
  for (const [rows, reduce] of [
    ['mean', mean],
    ['max', max],
    ['weighted', weighted],
  ] as const)
    test(`rows: ${rows} is that of all rows`, async () => {
      await compare({ heads: 'each', rows }, (full) => reduceAxis(full, 2, reduce).data)
    })
  test('both are means by default', async () => {
    await compare({}, (full) => reduceAxis(reduceAxis(full, 2, mean), 1, mean).data)
  })
}

function testRanges(options: Case, get: () => Promise<Attender>): void {
  const { test, expect, tolerance, tokenCount } = options
  test('keys and layers choose parts of the full answer', async () => {
    const attender = await get()
    const full = await attender.attend({ ...requestOf(options), heads: 'each' })
    const [layers, heads] = full.shape as [number, number]
    const part = await attender.attend({
      ...requestOf(options),
      heads: 'each',
      keys: { from: 2, to: 5 },
      layers: [layers - 1],
    })
    expect(part.shape).toEqual([1, heads, 3])
    const expected: number[] = []
    for (let head = 0; head < heads; head++) {
      const offset = ((layers - 1) * heads + head) * tokenCount
      expected.push(...full.data.subarray(offset + 2, offset + 5))
    }
    expect(largestDifference(part.data, expected)).toBeLessThanOrEqual(tolerance)
  })

  test('untilLayer gives the layers up to it, unchanged', async () => {
    const attender = await get()
    const full = await attender.attend(requestOf(options))
    const first = await attender.attend({ ...requestOf(options), untilLayer: 0 })
    expect(first.shape).toEqual([1, tokenCount])
    expect(largestDifference(first.data, full.data.subarray(0, tokenCount))).toBeLessThanOrEqual(tolerance)
  })

  test('ranges outside the input are an invalid argument', async () => {
    const attender = await get()
    const { input } = options
    for (const queries of [
      { from: -1, to: 2 },
      { from: 0, to: tokenCount + 1 },
      { from: 3, to: 3 },
    ])
      expect(await errorCodeOf(() => attender.attend({ input, queries }))).toBe('invalid-argument')
  })
}

function reduceAxis(
  { shape, data }: { shape: readonly number[]; data: ArrayLike<number> },
  axis: number,
  reduce: (values: readonly number[]) => number,
): { shape: number[]; data: number[] } {
  const size = shape[axis]!
  const inner = shape.slice(axis + 1).reduce((product, each) => product * each, 1)
  const outer = shape.slice(0, axis).reduce((product, each) => product * each, 1)
  const reduced: number[] = []
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++)
      reduced.push(reduce(Array.from({ length: size }, (_, at) => data[(o * size + at) * inner + i]!)))
  return { shape: shape.filter((_, at) => at !== axis), data: reduced }
}
