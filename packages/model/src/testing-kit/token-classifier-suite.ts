/** @file What every `TokenClassifier` must hold: a row of logits a token, aligned to the text, whatever the batch. */
import type { TokenClassifier } from '../capability/token-classifier.ts'
import { createOnce, largestDifference, type SuiteOptions, testAbort } from './suite-runner.ts'

/** The token classifier under test. */
export interface TokenClassifierSuiteOptions extends SuiteOptions<TokenClassifier> {
  /** Defaults to 1e-3. */
  tolerance?: number
}

const texts = [
  'Item 15, report from City Manager. Recommendation to adopt three resolutions.',
  'Yes.',
  'Berlin and Paris are far from each other; Anna lives in neither of them, but visits both every year in spring.',
]

/** Tests of a token classifier. */
export function tokenClassifierSuite(options: TokenClassifierSuiteOptions): void {
  const { describe, test, expect, tolerance = 1e-3 } = options
  const get = createOnce(options.create)
  describe(options.name ?? 'TokenClassifier', () => {
    test('gives each token a span in the text and a finite logit for each label', async () => {
      const classifier = await get()
      const results = await classifier.classify(texts)
      expect(results.length).toBe(texts.length)
      for (const [index, { ids, spans, logits }] of results.entries()) {
        expect(spans.length).toBe(ids.length)
        expect(ids.length).toBeGreaterThanOrEqual(1)
        expect(logits.length).toBe(ids.length * classifier.labels.length)
        expect(logits.every(Number.isFinite)).toBe(true)
        const length = texts[index]!.length
        expect(spans.every((span) => span.start >= 0 && span.start <= span.end && span.end <= length)).toBe(true)
        const covered = new Uint8Array(length)
        for (const span of spans) covered.fill(1, span.start, span.end)
        const missing = Array.from(texts[index]!).filter((character, at) => !covered[at] && character.trim() !== '')
        expect(missing.join(''), 'every visible character has a token').toBe('')
      }
    })

    test('a batch keeps its order and gives what single calls give', async () => {
      const classifier = await get()
      const batch = await classifier.classify(texts)
      for (const [index, text] of texts.entries()) {
        const [single] = await classifier.classify([text])
        expect(Array.from(batch[index]!.ids)).toEqual(Array.from(single!.ids))
        expect(largestDifference(batch[index]!.logits, single!.logits)).toBeLessThanOrEqual(tolerance)
      }
    })

    test('no texts give no results', async () => {
      expect(await (await get()).classify([])).toEqual([])
    })

    testAbort(options, get, (classifier, signal) => classifier.classify(texts, { signal }))
  })
}
