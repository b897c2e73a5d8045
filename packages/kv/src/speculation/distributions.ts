import { candidates, type SamplerSettings } from '@lc/core/generate'

/** Whether a sampler always takes the best token. */
export function isGreedy(sampler: SamplerSettings): boolean {
  return sampler.temperature === 0 || sampler.topK === 1
}

/** What a sampler draws from, `[V]`; of a greedy one the distribution at temperature 1. */
export function distributionOf(logits: Float32Array, sampler: SamplerSettings): Float64Array {
  const drawing = isGreedy(sampler) ? { temperature: 1, topK: 0, topP: 1, minP: 0 } : sampler
  const { ids, weights, total } = candidates(logits, drawing)
  const distribution = new Float64Array(logits.length)
  for (let index = 0; index < ids.length; index++) distribution[ids[index]!] = weights[index]! / total
  return distribution
}

/** The probability of one token at temperature 1, without the list of all. */
export function probabilityOf(logits: Float32Array, id: number): number {
  const own = logits[id]!
  // the difference to another token that is shut out would be no number
  if (own === Number.NEGATIVE_INFINITY) return 0
  let sum = 0
  for (let token = 0; token < logits.length; token++) sum += Math.exp(logits[token]! - own)
  return 1 / sum
}
