import { checkInteger, checkOneOf } from '@lc/model/check'
import { type ScoredPolicy, type SelectContext, scoredPolicy } from '../policy/scored-policy.ts'
import { topChunks } from '../selectors/top-chunks.ts'

/** Options of `chunkKv`. */
export interface ChunkKvOptions {
  /** The policy whose scores and budget are used. */
  readonly base: ScoredPolicy
  /** Neighbouring tokens that stay or go together. Defaults to 10, as in the paper; kvpress has 20. */
  readonly chunkLength?: number
  /** `'kvpress'` protects by the highest score what the base protects, and counts chunks of the whole. */
  readonly variant?: 'kvpress'
}

/** The defaults of `chunkKv`. */
export const chunkKvDefaults = Object.freeze({ chunkLength: 10 } as const)

/**
 * ChunkKV: whole chunks of neighbouring tokens, by their mean score over all heads of a layer, which keep the same tokens.
 * Keeps at most the budget, and less than a chunk below it.
 *
 * Liu et al., "ChunkKV: Semantic-Preserving KV Cache Compression" (2025). The paper's reuse of one layer's choice by the next
 * is not done.
 */
export function chunkKv(options: ChunkKvOptions): ScoredPolicy {
  const length = checkInteger(options.chunkLength ?? chunkKvDefaults.chunkLength, 'chunkLength', { min: 1 })
  if (options.variant !== undefined) checkOneOf(options.variant, 'variant', ['kvpress'])
  const { parts } = options.base
  const id = `chunk-kv(${parts.id})`
  return options.variant === 'kvpress'
    ? chunksOfAll(options.base, id, length)
    : scoredPolicy({
        ...parts,
        id,
        select: ({ scores, counts }: SelectContext) => {
          const slots = topChunksWithin(scores, length, counts[0]!)
          return scores.map(() => slots)
        },
      })
}

/** The best whole chunks within a number of slots; a partial last chunk may fit where no whole one does. */
function topChunksWithin(scores: readonly Float32Array[], length: number, count: number): Uint32Array {
  const total = scores[0]!.length
  if (count >= total) return Uint32Array.from({ length: total }, (_, slot) => slot)
  const whole = Math.floor(count / length)
  const more = topChunks(scores, length, whole + 1)
  return more.length <= count ? more : topChunks(scores, length, whole)
}

/** Protected slots have the highest score and take part in the means of their chunks. */
function chunksOfAll(base: ScoredPolicy, id: string, length: number): ScoredPolicy {
  const { sinks = 0, window = 0, ...parts } = base.parts
  return scoredPolicy({
    ...parts,
    id,
    score: async (context) => {
      const scores = await parts.score(context)
      const heads = scores?.flat() ?? []
      return scores?.map((layer) => {
        const most = layer.reduce((max, head) => head.reduce((a, b) => Math.max(a, b), max), Number.NEGATIVE_INFINITY)
        return layer.map((head) =>
          head
            .slice()
            .fill(most + 1, 0, sinks)
            .fill(most + 1, heads[0]!.length - window),
        )
      })
    },
    share: ({ scores, mean, length: total }) => {
      const chunks = Math.max(1, Math.floor((Math.ceil(total / length) * mean) / total + 1e-9))
      return scores.map((heads) => heads.map(() => chunks))
    },
    select: ({ scores, counts }) => {
      const slots = topChunks(scores, length, counts[0]!)
      return scores.map(() => slots)
    },
  })
}
