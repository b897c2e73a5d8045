import type { PatternFeedContext } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import type { HostTensor } from '@lc/core/runtime'
import { capacityOf, feedPageViews } from './page-views.ts'
import { hidden } from './score-marks.ts'
import { candidateChunks, type ShadowKeys, type ShadowSizes, shadowKeys } from './shadow-keys.ts'
import { ValueRows } from './value-rows.ts'

/** What is the same for all caches of a pattern. */
interface ShadowPlan {
  readonly sizes: ShadowSizes
  /** Chunks that a step reads. */
  readonly count: number
  /** Names the pattern in errors. */
  readonly id: string
}

/** What ShadowKV keeps of one cache. */
export class ShadowMemory {
  readonly #plan: ShadowPlan
  readonly #values: readonly ValueRows[]
  /** Tokens of the prompt that is kept; 0 before a step has seen one. */
  #tokens = 0
  #keys: readonly ShadowKeys[] | undefined

  constructor(context: PatternFeedContext, plan: ShadowPlan) {
    this.#plan = plan
    this.#values = context.config.layers.map((_, layer) => new ValueRows(context, layer))
  }

  /** Whether a step has as many chunks to choose from as it reads, or more. */
  shadowed(context: PatternFeedContext): boolean {
    if (context.mode !== 'step') return false
    const { sizes, count } = this.#plan
    return candidateChunks(this.#promptOf(context), sizes) - sizes.outliers >= count
  }

  feed(context: PatternFeedContext): Record<string, HostTensor> {
    for (const values of this.#values) values.cut(context)
    const tokens = context.mode === 'step' ? this.#promptOf(context) : 0
    if (tokens !== this.#tokens) this.#keys = undefined
    this.#tokens = tokens
    const feeds: Record<string, HostTensor> = {}
    if (!this.shadowed(context)) return feeds
    this.#keys ??= this.#read(context)
    for (const [layer, keys] of this.#keys.entries()) this.#feedLayer(feeds, context, { layer, keys })
    return feeds
  }

  /** Steps go on from the prompt that was read last, unless the cache was cut below it. */
  #promptOf({ length }: PatternFeedContext): number {
    return this.#tokens > 0 && this.#tokens <= length(0, 0) ? this.#tokens : length(0, 0)
  }

  #read(context: PatternFeedContext): ShadowKeys[] {
    const { sizes, id } = this.#plan
    if (!headsAlike(context))
      throw new PolicyPlanError({ policy: id, missing: 'a cache whose heads hold the same tokens' })
    return this.#values.map((_, layer) => shadowKeys(context, layer, { tokens: this.#tokens, sizes }))
  }

  #feedLayer(
    feeds: Record<string, HostTensor>,
    context: PatternFeedContext,
    { layer, keys }: { layer: number; keys: ShadowKeys },
  ): void {
    const { chunkSize } = this.#plan.sizes
    const { kvHeads, headDim } = context.config
    const chunks = keys.covered / chunkSize
    const float32 = (name: string, shape: readonly number[], data: Float32Array): void => {
      feeds[`${name}.${layer}`] = { dtype: 'float32', shape, data }
    }
    const values = this.#values[layer]!
    feedPageViews(feeds, context, { layer, pageSize: 1, values })
    const valueChunks = capacityOf(context, layer) / chunkSize
    float32('chunkValues', [kvHeads, valueChunks, chunkSize * headDim], values.update(context))
    float32('landmarks', [kvHeads, chunks, headDim], keys.landmarks)
    float32('landmarkBias', [kvHeads, 1, chunks], landmarkBias(keys, chunks))
    float32('leftFactor', [chunks, chunkSize * keys.rank], keys.left)
    float32('rightFactor', [kvHeads, keys.rank, headDim], keys.right)
    const half = keys.cos.length / keys.covered
    if (half > 0)
      for (const name of ['cos', 'sin'] as const) float32(tables[name], [chunks, chunkSize * half], keys[name])
    feeds[`exactSlots.${layer}`] = exactSlots(keys, { chunkSize, length: context.length(layer, 0) })
  }
}

const tables = { cos: 'chunkCos', sin: 'chunkSin' } as const

function landmarkBias({ outliers }: ShadowKeys, chunks: number): Float32Array {
  const bias = new Float32Array(outliers.length * chunks)
  for (const [head, own] of outliers.entries()) for (const chunk of own) bias[head * chunks + chunk] = hidden
  return bias
}

/** Slots of outliers, of the prompt's end, and of what came after it: int64 `[G, M]`. */
function exactSlots(
  { outliers, covered }: ShadowKeys,
  { chunkSize, length }: { chunkSize: number; length: number },
): HostTensor {
  const slots: bigint[] = []
  for (const own of outliers) {
    for (const chunk of own)
      for (let slot = chunk * chunkSize; slot < (chunk + 1) * chunkSize; slot++) slots.push(BigInt(slot))
    for (let slot = covered; slot < length; slot++) slots.push(BigInt(slot))
  }
  return { dtype: 'int64', shape: [outliers.length, slots.length / outliers.length], data: BigInt64Array.from(slots) }
}

function headsAlike({ config, length, positions }: PatternFeedContext): boolean {
  const first = positions(0, 0).subarray(0, length(0, 0))
  return config.layers.every((_, layer) =>
    Array.from({ length: config.kvHeads }, (_, head) => head).every((head) => {
      const own = positions(layer, head)
      return length(layer, head) === first.length && first.every((position, slot) => position === own[slot])
    }),
  )
}
