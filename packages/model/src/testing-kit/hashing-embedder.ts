import type { Embedder, EmbedOptions } from '../capability/embedder.ts'
import { checkInteger } from '../check/check-argument.ts'
import { hashedVector, wordsOf } from './hashed-vector.ts'

/** Options of `hashingEmbedder`. */
export interface HashingEmbedderOptions {
  /** Defaults to 64. */
  dimensions?: number
}

/**
 * A real bag-of-words embedder without weights: each word has a pseudo-random direction (random projection, Achlioptas
 * 2003), and a text the normalised sum of its words. Texts that share words are near.
 */
export function hashingEmbedder(options: HashingEmbedderOptions = {}): Embedder {
  const { dimensions = 64 } = options
  checkInteger(dimensions, 'dimensions', { min: 1, max: 65_536 })
  const embedTokens = (text: string): Float32Array[] => wordsOf(text).map((word) => hashedVector(word, dimensions))
  return {
    id: `hashing-${dimensions}`,
    dimensions,
    async embed(texts, { signal, onProgress, output = 'pooled' }: EmbedOptions = {}) {
      return texts.map((text, index) => {
        signal?.throwIfAborted()
        const tokens = embedTokens(text)
        onProgress?.({ type: 'progress', operation: 'embed', done: index + 1, total: texts.length, unit: 'passages' })
        return output === 'tokens' ? concatenate(tokens, dimensions) : normalisedSum(tokens, dimensions)
      })
    },
  }
}

function concatenate(vectors: readonly Float32Array[], dimensions: number): Float32Array {
  const all = new Float32Array(vectors.length * dimensions)
  for (const [index, vector] of vectors.entries()) all.set(vector, index * dimensions)
  return all
}

function normalisedSum(vectors: readonly Float32Array[], dimensions: number): Float32Array {
  const sum = new Float32Array(dimensions)
  for (const vector of vectors) for (let index = 0; index < dimensions; index++) sum[index]! += vector[index]!
  const length = Math.hypot(...sum)
  // a text without words has no direction: any unit vector will do, the same each time
  return length === 0 ? hashedVector('', dimensions) : sum.map((value) => value / length)
}
