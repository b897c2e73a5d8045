/** @file Chooses a token from log-probabilities: penalties, temperature, then top-k, top-p and min-p. */
import type { GenerateRequest } from '../capability/language-model.ts'

/** The parts of a request that decide which token is chosen. */
export type SamplingOptions = Pick<
  GenerateRequest,
  'temperature' | 'topK' | 'topP' | 'minP' | 'repetitionPenalty' | 'frequencyPenalty' | 'presencePenalty'
>

/** Log-probabilities after the penalties for tokens that have occurred; not normalised. */
export function penalise(
  logprobs: Float64Array,
  promptIds: ArrayLike<number>,
  outputIds: readonly number[],
  options: SamplingOptions,
): Float64Array {
  const { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = options
  const adjusted = logprobs.slice()
  if (repetitionPenalty !== 1)
    for (const id of new Set([...Array.from(promptIds), ...outputIds])) {
      const value = adjusted[id]!
      adjusted[id] = value > 0 ? value / repetitionPenalty : value * repetitionPenalty
    }
  const counts = new Map<number, number>()
  for (const id of outputIds) counts.set(id, (counts.get(id) ?? 0) + 1)
  for (const [id, count] of counts) adjusted[id]! -= presencePenalty + frequencyPenalty * count
  return adjusted
}

/** The chosen token: the most likely one at temperature 0, else drawn from what top-k, top-p and min-p leave. */
export function chooseToken(logits: Float64Array, options: SamplingOptions, random: () => number): number {
  const { temperature = 0, topK = logits.length, topP = 1, minP = 0 } = options
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b)
  if (temperature === 0) return order[0]!
  const top = logits[order[0]!]!
  const weights = order.slice(0, Math.max(1, topK)).map((id) => Math.exp((logits[id]! - top) / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let kept = 0
  let mass = 0
  while (kept < weights.length && (kept === 0 || (mass < topP * total && weights[kept]! >= minP)))
    mass += weights[kept++]!
  let target = random() * mass
  for (let index = 0; index < kept; index++) {
    target -= weights[index]!
    if (target < 0) return order[index]!
  }
  return order[kept - 1]!
}
