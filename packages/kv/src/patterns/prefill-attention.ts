/** @file Attention of a chunk of a prompt over some of what is cached, and over the chunk itself. */
import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import {
  add,
  addDimensions,
  expand,
  gather,
  gatherElements,
  groupQueryAttention,
  multiply,
  multiplyDimensions,
  reshape,
  slice,
  transpose,
  unsqueeze,
  type Value,
} from '@lc/core/graph'
import { plainAttention } from '@lc/core/models'
import type { HostTensor } from '@lc/core/runtime'
import { counting, sizeOf } from './page-views.ts'

/** The graph of chunks that read a part of the cache. */
export const sparseVariant = 'sparse'

/** A pattern of prompts: what each chunk reads of the tokens before it. Steps have full attention. */
export interface PrefillChoice {
  readonly id: string
  /** The slots that a chunk reads, int64 `[G, M]`, and what is added to the scores, `[1, 1, T, M+T]`. */
  readonly choose: (site: AttentionSite) => { readonly slots: Value; readonly bias?: Value }
  /** Whether a layer reads a part; defaults to all. */
  readonly sparse?: (layer: number, layers: number) => boolean
  /** How many slots `choose` gives, M, or undefined where a chunk reads everything. */
  readonly count: (context: PatternFeedContext) => number | undefined
  /** The inputs of `choose` for one layer. */
  readonly feed: (context: PatternFeedContext, layer: number) => Record<string, HostTensor>
}

/** The pattern of a choice. */
export function prefillPattern(choice: PrefillChoice): AttentionPattern {
  const sparse = (context: PatternFeedContext): boolean =>
    context.mode === 'fused' && choice.count(context) !== undefined
  const partial = ({ variant, layer, config }: AttentionSite): boolean =>
    variant === sparseVariant && (choice.sparse?.(layer, config.layers.length) ?? true)
  return {
    id: choice.id,
    prefill: 'fused',
    variant: (context) => (sparse(context) ? sparseVariant : undefined),
    build: (site) => (partial(site) ? chunkAttention(site, choice) : plainAttention(site)),
    feed: (context) => (sparse(context) ? feedChunk(context, choice) : {}),
  }
}

function chunkAttention(site: AttentionSite, choice: PrefillChoice): Value {
  const { config } = site
  const [query, key, value] = [site.query, site.key, site.value].map(oneText) as [Value, Value, Value]
  const { slots, bias } = choice.choose(site)
  site.output('slots', slots)
  const { keys, values } = gatherSlots(site, slots)
  const { output } = groupQueryAttention(
    {
      query,
      key,
      value,
      pastKey: unsqueeze(keys, [0]),
      pastValue: unsqueeze(values, [0]),
      lastIndex: site.input('chunkLast', 'int32', [1]),
      totalLength: site.input('chunkTotal', 'int32', []),
      ...(bias && { bias }),
    },
    {
      numHeads: config.heads,
      kvHeads: config.kvHeads,
      scale: config.queryScale,
      softcap: config.attentionSoftcap ?? 0,
      presentLength: addDimensions(slots.shape[1]!, query.shape[1]!),
    },
  )
  // the graph goes on with as many texts as it came with, which is one, but it cannot know that
  return add(output, multiply(site.query, 0))
}

/** Slots in use, alike for all heads at prompts: places are counted in slots, which are positions unless a policy evicts. */
export function cachedSlots(context: PatternFeedContext): number {
  return context.length(0, 0)
}

/** Chunks of prompts are of one text, whatever the graph has room for. */
export function oneText(x: Value): Value {
  return slice(x, { axis: 0, start: 0, end: 1 })
}

/** Keys and values `[G, M, D]` of slots. */
function gatherSlots(site: AttentionSite, slots: Value): { keys: Value; values: Value } {
  const { graph, config, pastKey, pastValue } = site
  const { kvHeads, headDim } = config
  const [count, capacity] = [slots.shape[1]!, pastKey.shape[2]!]
  const rows = add(slots, multiply(graph.constant(counting(kvHeads), [kvHeads, 1]), sizeOf(pastKey, 2)))
  const texts = pastKey.shape[0]!
  const keys = gather(reshape(pastKey, [multiplyDimensions(texts, kvHeads, capacity), headDim]), rows)
  const byChannel = expand(unsqueeze(slots, [1]), [kvHeads, headDim, count])
  const heads = reshape(pastValue, [multiplyDimensions(texts, kvHeads), headDim, capacity])
  const values = gatherElements(heads, byChannel, { axis: 2 })
  return { keys, values: transpose(values, [0, 2, 1]) }
}

function feedChunk(context: PatternFeedContext, choice: PrefillChoice): Record<string, HostTensor> {
  const total = choice.count(context)! + context.tokens
  const feeds: Record<string, HostTensor> = {}
  const layers = context.config.layers.length
  for (let layer = 0; layer < layers; layer++) {
    if (choice.sparse && !choice.sparse(layer, layers)) continue
    Object.assign(feeds, choice.feed(context, layer))
    feeds[`chunkLast.${layer}`] = { dtype: 'int32', shape: [1], data: Int32Array.of(total - 1) }
    feeds[`chunkTotal.${layer}`] = { dtype: 'int32', shape: [], data: Int32Array.of(total) }
  }
  return feeds
}
