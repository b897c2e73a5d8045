/** @file What every `Reranker` must hold: one score a text, in order, that does not depend on the other texts. */
import type { Reranker } from '../capability/reranker.ts'
import { createOnce, largestDifference, type SuiteOptions, testAbort } from './suite-runner.ts'

/** The reranker under test. */
export interface RerankerSuiteOptions extends SuiteOptions<Reranker> {
  /** Defaults to 1e-4. */
  tolerance?: number
  query?: string
  /** Answers the query. */
  relevant?: string
  /** Does not. */
  irrelevant?: string
}

/** Tests of a reranker. */
export function rerankerSuite(options: RerankerSuiteOptions): void {
  const {
    describe,
    test,
    expect,
    tolerance = 1e-4,
    query = 'How long does the retry wait?',
    relevant = 'The retry waits two seconds, then four, then eight: the wait doubles each time.',
    irrelevant = 'Paris is the capital of France.',
  } = options
  const get = createOnce(options.create)
  describe(options.name ?? 'Reranker', () => {
    test('scores what answers the query above what does not', async () => {
      const scores = await (await get()).rank(query, [irrelevant, relevant])
      expect(scores instanceof Float32Array, 'scores are a Float32Array').toBe(true)
      expect(scores.length).toBe(2)
      expect(scores.every(Number.isFinite)).toBe(true)
      expect(scores[1]! - scores[0]!).toBeGreaterThanOrEqual(Number.EPSILON)
    })

    test('keeps the order of the texts, and each score its value', async () => {
      const reranker = await get()
      const texts = [relevant, irrelevant, 'x', `${irrelevant} ${relevant}`, relevant]
      const forward = await reranker.rank(query, texts)
      const backward = await reranker.rank(query, [...texts].reverse())
      expect(largestDifference(forward, backward.slice().reverse())).toBeLessThanOrEqual(tolerance)
      for (const [index, text] of texts.entries())
        expect(largestDifference((await reranker.rank(query, [text])).slice(), [forward[index]!])).toBeLessThanOrEqual(
          tolerance,
        )
    })

    test('no texts give no scores; empty ones give finite scores', async () => {
      const reranker = await get()
      expect((await reranker.rank(query, [])).length).toBe(0)
      const scores = [...(await reranker.rank(query, [''])), ...(await reranker.rank('', [relevant]))]
      expect(scores.every(Number.isFinite)).toBe(true)
    })

    testAbort(options, get, (reranker, signal) => reranker.rank(query, [relevant], { signal }))
  })
}
