import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import { argMin, reduceMean, topK, type Value } from '@lc/core/graph'
import { plainAttention } from '@lc/core/models'
import type { HostTensor } from '@lc/core/runtime'
import { checkInteger } from '@lc/model/check'
import { readSlots } from '../policy/budget.ts'
import { CacheMemory } from './cache-memory.ts'
import { joinedAttention, joinedWeights, scoresOf } from './joined-attention.ts'
import { feedPageViews, gatherPages, pageViews } from './page-views.ts'
import { ValueRows } from './value-rows.ts'

/** Options of `recycledAttention`. */
export interface RecycledAttentionOptions {
  /** Tokens by head that the steps between full ones attend over, besides the new one. */
  readonly budget: number
  /** The steps at positions that are multiples of it attend over everything. Defaults to 50. */
  readonly stride?: number
}

/** The defaults of `recycledAttention`. */
export const recycledAttentionDefaults = Object.freeze({ stride: 50 } as const)

/**
 * Recycled Attention: a full step notes the tokens it looks at most; the steps after it attend over those alone, let the new token in, and
 * let go what they look at least. The first step after a prompt or a cut is a full one too. Nothing leaves the cache.
 *
 * Query heads of a key/value head count by their mean weight: how the published code joins them is not known here. The schedule that
 * compares queries is not built.
 *
 * Xu, Goyal, Choi, "Recycled Attention: Efficient inference for long-context language models" (2024), arXiv 2411.05787, with a fixed stride
 * of 50 as in its RULER runs.
 *
 * @throws InvalidArgumentError for options that are out of range
 */
export function recycledAttention(options: RecycledAttentionOptions): AttentionPattern {
  const budget = readSlots(options.budget, 1)
  const stride = checkInteger(options.stride ?? recycledAttentionDefaults.stride, 'stride', { min: 1 })
  const id = `recycled-attention(${budget}, ${stride})`
  const memory = new CacheMemory(id, (context) => new RecycledSlots(context, budget))
  const kindOf = (context: PatternFeedContext) => memory.of(context).kindOf(context, stride)
  return {
    id,
    prefill: 'fused',
    variant: kindOf,
    build: (site) => {
      if (site.variant === 'full') return fullStep(site, budget)
      return site.variant === 'recycled' ? recycledStep(site, budget) : plainAttention(site)
    },
    feed: (context) => memory.of(context).feed(context, kindOf(context)),
    fetches: (context) => {
      const kind = kindOf(context)
      const name = kind === 'full' ? 'mostSeen' : 'leastSeen'
      return kind ? context.config.layers.map((_, layer) => `${name}.${layer}`) : []
    },
    observe: (context, outputs) => memory.of(context).observe(context, kindOf(context), outputs),
  }
}

function fullStep(site: AttentionSite, budget: number): Value {
  const weights = joinedWeights(site, [scoresOf(site, site.pastKey, site.bias!)])
  const means = reduceMean(weights, { axes: [1], keepDims: false })
  site.output('mostSeen', topK(means, budget, { sorted: false }).indices)
  return plainAttention(site)
}

function recycledStep(site: AttentionSite, budget: number): Value {
  const slots = site.input('recycledSlots', 'int64', [site.config.kvHeads, budget])
  const chosen = gatherPages(site, pageViews(site, 1), slots)
  const scores = scoresOf(site, chosen.keys, chosen.bias)
  const weights = joinedWeights(site, [scores])
  site.output('leastSeen', argMin(reduceMean(weights, { axes: [1], keepDims: false }), { axis: 1, keepDims: false }))
  return joinedAttention(site, [{ scores, values: chosen.values }], weights)
}

type StepKind = 'full' | 'recycled' | undefined

/** The recycled slots of one cache. */
class RecycledSlots {
  readonly #budget: number
  readonly #values: readonly ValueRows[]
  /** `[G, K]` by layer. */
  readonly #slots: readonly BigInt64Array[]
  /** Length at which the slots are valid: that after the last step. */
  #length = -1

  constructor(context: PatternFeedContext, budget: number) {
    this.#budget = budget
    const { layers, kvHeads } = context.config
    this.#values = layers.map((_, layer) => new ValueRows(context, layer))
    this.#slots = layers.map(() => new BigInt64Array(kvHeads * budget))
  }

  /** What a run is: undefined where everything fits anyway. */
  kindOf({ mode, length, position }: PatternFeedContext, stride: number): StepKind {
    if (mode !== 'step' || length(0, 0) <= this.#budget) return undefined
    return this.#length === length(0, 0) && position % stride !== 0 ? 'recycled' : 'full'
  }

  feed(context: PatternFeedContext, kind: StepKind): Record<string, HostTensor> {
    for (const values of this.#values) values.cut(context)
    const feeds: Record<string, HostTensor> = {}
    if (kind !== 'recycled') return feeds
    for (const [layer, data] of this.#slots.entries()) {
      feeds[`recycledSlots.${layer}`] = { dtype: 'int64', shape: [context.config.kvHeads, this.#budget], data }
      feedPageViews(feeds, context, { layer, pageSize: 1, values: this.#values[layer]! })
    }
    return feeds
  }

  observe(context: PatternFeedContext, kind: StepKind, outputs: Readonly<Record<string, HostTensor>>): void {
    if (!kind) {
      this.#length = -1
      return
    }
    for (const layer of this.#slots.keys())
      if (kind === 'full') this.#take(context, layer, outputs[`mostSeen.${layer}`]!.data as BigInt64Array)
      else this.#replace(context, layer, outputs[`leastSeen.${layer}`]!.data as BigInt64Array)
    this.#length = context.length(0, 0) + 1
  }

  /** In a row of weights the new token comes behind all room of the cache; its slot is the next. */
  #take(context: PatternFeedContext, layer: number, chosen: BigInt64Array): void {
    const slots = this.#slots[layer]!
    for (let at = 0; at < slots.length; at++) {
      const head = Math.floor(at / this.#budget)
      const own = chosen[at] === BigInt(context.capacity)
      slots[at] = own ? BigInt(context.length(layer, head)) : chosen[at]!
    }
  }

  /** The new token takes the place of the least seen one, which may be itself. */
  #replace(context: PatternFeedContext, layer: number, least: BigInt64Array): void {
    for (const [head, place] of least.entries())
      if (place < BigInt(this.#budget))
        this.#slots[layer]![head * this.#budget + Number(place)] = BigInt(context.length(layer, head))
  }
}
