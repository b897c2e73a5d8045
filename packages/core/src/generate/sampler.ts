/** @file Chooses the next token from logits: temperature, then top-k, top-p, min-p, each on what the last one left. */
import { selectTop } from './select-top.ts'

/** How tokens are drawn. */
export interface SamplerSettings {
  /** 0 is greedy. */
  readonly temperature: number
  /** Tokens kept; 0 for all. */
  readonly topK: number
  /** Probability mass kept, the best token at least; 1 for all. */
  readonly topP: number
  /** Least probability relative to the best; 0 for all. */
  readonly minP: number
}

/** The token of the largest logit; the first of several. -1 when none is above negative infinity. */
export function greedyToken(logits: Float32Array): number {
  let best = -1
  let largest = Number.NEGATIVE_INFINITY
  for (let id = 0; id < logits.length; id++)
    if (logits[id]! > largest) {
      largest = logits[id]!
      best = id
    }
  return best
}

/** Draws a token; -1 when none is above negative infinity. */
export function sampleToken(logits: Float32Array, settings: SamplerSettings, random: () => number): number {
  if (settings.temperature === 0 || settings.topK === 1) return greedyToken(logits)
  const { ids, weights, total } = candidates(logits, settings)
  let rest = random() * total
  for (let index = 0; index < ids.length; index++) {
    rest -= weights[index]!
    if (rest < 0) return ids[index]!
  }
  return ids.length === 0 ? -1 : ids[ids.length - 1]!
}

/** Tokens that may be drawn, in descending order where the order matters, with weights relative to the best and their sum. */
export interface Candidates {
  readonly ids: ArrayLike<number>
  readonly weights: Float64Array
  readonly total: number
}

/** What a sampler draws from. Greedy ones draw the best token alone. */
export function candidates(logits: Float32Array, { temperature, topK, topP, minP }: SamplerSettings): Candidates {
  const best = greedyToken(logits)
  if (best < 0) return { ids: [], weights: new Float64Array(0), total: 0 }
  if (temperature === 0 || topK === 1) return { ids: [best], weights: Float64Array.of(1), total: 1 }
  const sorted = topP < 1
  const limited = topK > 0 && topK < logits.length
  const ids = limited || sorted ? selectTop(logits, limited ? topK : logits.length) : logits.keys()
  const kept: number[] = []
  const weights: number[] = []
  let total = 0
  for (const id of ids) {
    const weight = Math.exp((logits[id]! - logits[best]!) / temperature)
    if (weight === 0 || Number.isNaN(weight)) continue
    kept.push(id)
    weights.push(weight)
    total += weight
  }
  const byMass = sorted ? massCount(weights, topP * total) : kept.length
  return withMinimum(kept.slice(0, byMass), weights.slice(0, byMass), minP)
}

/** The smallest number of leading weights whose sum reaches the mass. */
function massCount(weights: readonly number[], mass: number): number {
  let sum = 0
  for (let index = 0; index < weights.length; index++) {
    sum += weights[index]!
    if (sum >= mass) return index + 1
  }
  return weights.length
}

function withMinimum(
  ids: readonly number[],
  weights: readonly number[],
  minP: number,
): { ids: readonly number[]; weights: Float64Array; total: number } {
  const kept: number[] = []
  const values: number[] = []
  let total = 0
  for (let index = 0; index < ids.length; index++) {
    // weights are relative to the best, whose weight is one
    if (weights[index]! < minP) continue
    kept.push(ids[index]!)
    values.push(weights[index]!)
    total += weights[index]!
  }
  return { ids: kept, weights: Float64Array.from(values), total }
}
