import type { GaussianQueries, Observations, PolicyModel } from '@lc/core'
import { ropeFrequencies } from '@lc/core/models'
import { checkInteger, checkNumber } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import { perHead, valuesOf } from '../policy/head-rows.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'
import { expectedAttentionScores, meanRotation, rotateStatistics } from '../scorers/expected-attention.ts'
import { rowNorms } from '../scorers/key-scores.ts'

/** Options of `expectedAttention`. */
export interface ExpectedAttentionOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** First tokens that stay and whose queries are not counted. Defaults to 4. */
  readonly sinks?: number
  /** Last tokens that stay. Defaults to 0. */
  readonly window?: number
  /** Future positions that are averaged over. Defaults to 512. */
  readonly futurePositions?: number
  /** Added to expected attention before it is weighed by the value's length. Defaults to 0; 0.01 is usual under `adaKv`. */
  readonly epsilon?: number
}

/** The defaults of `expectedAttention`. */
export const expectedAttentionDefaults = Object.freeze({ sinks: 4, futurePositions: 512, epsilon: 0 } as const)

/**
 * ExpectedAttention: what future queries, taken to be distributed as those so far, will look at, times the value's length.
 * Does not need to know the question. `adaKv({ base: expectedAttention({ budget, epsilon: 0.01 }) })` is better still.
 *
 * Devoto et al., "Expected Attention: KV Cache Compression by Estimating Attention from Future Queries Distribution" (2025);
 * NVIDIA/kvpress (ExpectedAttentionPress).
 */
export function expectedAttention(options: ExpectedAttentionOptions): ScoredPolicy {
  const sinks = checkInteger(options.sinks ?? expectedAttentionDefaults.sinks, 'sinks', { min: 0 })
  const epsilon = checkNumber(options.epsilon ?? expectedAttentionDefaults.epsilon, 'epsilon', { min: 0 })
  const future = checkInteger(options.futurePositions ?? expectedAttentionDefaults.futurePositions, 'futurePositions', {
    min: 1,
  })
  return scoredPolicy({
    id: 'expected-attention',
    ...options,
    sinks,
    triggers: triggersOf(options),
    needs: () => [{ kind: 'query-statistics', skip: sinks, covariance: true }],
    score: async ({ event, model }) => {
      const { cache, observations } = event
      const group = model.config.heads / model.config.kvHeads
      const logits: (readonly Float32Array[])[] = []
      for (const layer of model.config.layers.keys()) {
        const queries = futureQueries(observations, model, layer, { from: cache.nextPosition, count: future })
        logits.push(await event.expectedLogits(layer, queries))
      }
      return perHead(cache, (layer, head) => {
        const own = logits[layer]!.slice(head * group, (head + 1) * group)
        return expectedAttentionScores(own, rowNorms(valuesOf(cache, layer, head)), { sinks, epsilon })
      })
    },
  })
}

/** What a layer's query heads are expected to ask at future positions. */
function futureQueries(
  observations: Observations,
  { config, contextLength }: PolicyModel,
  layer: number,
  range: { from: number; count: number },
): GaussianQueries[] {
  const rope = config.layers[layer]!.rope
  const frequencies = rope === undefined ? undefined : ropeFrequencies(config.ropes[rope]!, contextLength)
  const rotation = frequencies && meanRotation(frequencies.inverse, range.from, range.count)
  const factor = frequencies?.attentionFactor ?? 1
  return observations.statistics(layer).map(({ mean, covariance }) => {
    const before = { mean, covariance: covariance! }
    if (!rotation) return before
    const rotated = rotateStatistics(before, rotation)
    if (factor === 1) return rotated
    return {
      mean: rotated.mean.map((value) => value * factor),
      covariance: rotated.covariance.map((value) => value * factor * factor),
    }
  })
}
