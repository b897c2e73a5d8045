import type { Observations, PolicyModel, QueryStatisticsOfHead } from '@lc/core'
import { ropeFrequencies } from '@lc/core/models'
import { checkInteger, checkNumber } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import { keysOf, perHead, valuesOf } from '../policy/head-rows.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'
import {
  expectedAttentionScores,
  meanRotation,
  type QueryStatistics,
  rotateStatistics,
} from '../scorers/expected-attention.ts'

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
    score: ({ event: { cache, observations }, model }) => {
      const rotated = model.config.layers.map((_, layer) =>
        futureQueries(observations, model, layer, { from: cache.nextPosition, count: future }),
      )
      const group = model.config.heads / model.config.kvHeads
      return perHead(cache, (layer, head) => {
        const queries = rotated[layer]!.slice(head * group, (head + 1) * group)
        const options = { sinks, epsilon }
        return expectedAttentionScores(keysOf(cache, layer, head), valuesOf(cache, layer, head), queries, options)
      })
    },
  })
}

/** Statistics of a layer's query heads, rotated to future positions, in the scale of scores. */
function futureQueries(
  observations: Observations,
  { config, contextLength }: PolicyModel,
  layer: number,
  range: { from: number; count: number },
): QueryStatistics[] {
  const rope = config.layers[layer]!.rope
  const frequencies = rope === undefined ? undefined : ropeFrequencies(config.ropes[rope]!, contextLength)
  // logits divide by the root of the head size; models with another factor are brought to it
  const factor = config.queryScale * Math.sqrt(config.headDim) * (frequencies?.attentionFactor ?? 1)
  const rotation = frequencies && meanRotation(frequencies.inverse, range.from, range.count)
  return observations.statistics(layer).map((head: QueryStatisticsOfHead) => {
    const statistics = {
      mean: head.mean.map((value) => value * factor),
      covariance: head.covariance!.map((value) => value * factor * factor),
    }
    return rotation ? rotateStatistics(statistics, rotation) : statistics
  })
}
