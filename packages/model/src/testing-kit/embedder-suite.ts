/** @file What every `Embedder` must hold: one finite vector a text, whatever the batch. */
import type { Embedder } from '../capability/embedder.ts'
import { createOnce, honouredOrRefused, largestDifference, type SuiteOptions, testAbort } from './suite-runner.ts'

/** The embedder under test. */
export interface EmbedderSuiteOptions extends SuiteOptions<Embedder> {
  /** How far a vector may differ between batches. Defaults to 1e-4. */
  tolerance?: number
  /** Whether vectors have length 1. Defaults to `'unknown'`. */
  normalised?: 'yes' | 'unknown'
  /** A text, one that is near it in meaning, and one that is far. */
  triple?: readonly [anchor: string, near: string, far: string]
}

const texts = [
  'A cat sat on the mat.',
  'x',
  'The quick brown fox jumps over the lazy dog, again and again, until the evening comes and all of them are tired.',
  'A cat sat on the mat.',
  'naïve 漢字 😀',
]

/** Tests of an embedder. */
export function embedderSuite(options: EmbedderSuiteOptions): void {
  const {
    describe,
    test,
    expect,
    tolerance = 1e-4,
    triple = ['The cat sleeps on the sofa.', 'A cat is sleeping on a couch.', 'Interest rates rose by one percent.'],
  } = options
  const get = createOnce(options.create)
  describe(options.name ?? 'Embedder', () => {
    test('gives one finite vector of the right length for each text', async () => {
      const embedder = await get()
      const vectors = await embedder.embed(texts)
      expect(vectors.length).toBe(texts.length)
      for (const vector of vectors) {
        expect(vector instanceof Float32Array, 'vectors are Float32Arrays').toBe(true)
        expect(vector.length).toBe(embedder.dimensions)
        expect(vector.every(Number.isFinite)).toBe(true)
      }
    })

    test('a batch keeps its order and gives what single calls give', async () => {
      const embedder = await get()
      const batch = await embedder.embed(texts)
      for (const [index, text] of texts.entries()) {
        const [single] = await embedder.embed([text])
        expect(largestDifference(batch[index]!, single!)).toBeLessThanOrEqual(tolerance)
      }
      expect(largestDifference(batch[0]!, batch[3]!)).toBeLessThanOrEqual(tolerance)
    })

    test('no texts give no vectors; the empty text gives a finite one', async () => {
      const embedder = await get()
      expect(await embedder.embed([])).toEqual([])
      const [vector] = await embedder.embed([''])
      expect(vector?.length).toBe(embedder.dimensions)
      expect(vector?.every(Number.isFinite)).toBe(true)
    })

    test('a text is nearer to one of its meaning than to another', async () => {
      const [anchor, near, far] = await (await get()).embed(triple)
      expect(cosine(anchor!, near!) - cosine(anchor!, far!)).toBeGreaterThanOrEqual(Number.EPSILON)
    })

    test('queries and single tokens are embedded too, or refused', async () => {
      const embedder = await get()
      const query = await honouredOrRefused(() => embedder.embed([texts[0]!], { kind: 'query' }))
      if (query) expect(query[0]?.length).toBe(embedder.dimensions)
      const tokens = await honouredOrRefused(() => embedder.embed([texts[0]!], { output: 'tokens' }))
      if (!tokens) return
      expect(tokens[0]!.length % embedder.dimensions).toBe(0)
      expect(tokens[0]!.length).toBeGreaterThanOrEqual(2 * embedder.dimensions)
    })

    if (options.normalised === 'yes')
      test('vectors have length 1', async () => {
        for (const vector of await (await get()).embed(texts))
          expect(Math.abs(Math.hypot(...vector) - 1)).toBeLessThanOrEqual(1e-4)
      })

    testAbort(options, get, (embedder, signal) => embedder.embed(texts, { signal }))
  })
}

function cosine(first: Float32Array, second: Float32Array): number {
  let dot = 0
  for (let index = 0; index < first.length; index++) dot += first[index]! * second[index]!
  return dot / (Math.hypot(...first) * Math.hypot(...second))
}
