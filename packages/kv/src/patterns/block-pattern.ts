/** @file The shell of patterns whose tokens choose blocks of tokens, in prompts and in steps alike. */
import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import type { Value } from '@lc/core/graph'
import { plainAttention } from '@lc/core/models'
import type { HostTensor } from '@lc/core/runtime'
import { CacheMemory } from './cache-memory.ts'
import { meansOfPages, PageSummaries } from './page-summaries.ts'
import { feedPageViews } from './page-views.ts'
import { type BlockPlan, type BlockSizes, planBlocks } from './token-blocks.ts'
import { ValueRows } from './value-rows.ts'

/** What tells one pattern of blocks from another. */
export interface BlockChoice {
  readonly id: string
  readonly blockSize: number
  /** Blocks that a token chooses, its own among them. */
  readonly most: number
  /** Layers with full attention. Defaults to none. */
  readonly fullLayers?: readonly number[]
  /** The attention of an open chunk or of a step. Inputs: those of `blockInputs`, `keyMeans`, `valueMeans`, in steps `pageViews`. */
  readonly build: (site: AttentionSite) => Value
  /** Whether `valueMeans` are fed. Defaults to false. */
  readonly valueMeans?: boolean
  /** More inputs of a layer. */
  readonly feed?: (context: PatternFeedContext, layer: number, sizes: BlockSizes) => Record<string, HostTensor>
}

/** The pattern of a choice. Blocks are counted in positions, so that each token must be in the cache. */
export function blockPattern(choice: BlockChoice): AttentionPattern {
  const { id, blockSize, most, fullLayers = [] } = choice
  const memory = new CacheMemory(id, (context) =>
    context.config.layers.map((_, layer) => new LayerBlocks(context, { layer, blockSize })),
  )
  return {
    id,
    prefill: 'open',
    build: (site) => (fullLayers.includes(site.layer) ? plainAttention(site) : choice.build(site)),
    feed: (context) => {
      const feeds: Record<string, HostTensor> = {}
      let plan: BlockPlan | undefined
      for (const [layer, kept] of memory.ofWhole(context).entries()) {
        if (fullLayers.includes(layer)) continue
        const blocks = kept.feed(feeds, context, choice.valueMeans ?? false)
        const sizes = { blockSize, blocks, most }
        plan ??= planBlocks(context, sizes)
        for (const [name, tensor] of Object.entries(plan)) feeds[`${name}.${layer}`] = tensor
        if (choice.feed) Object.assign(feeds, choice.feed(context, layer, sizes))
      }
      return feeds
    },
  }
}

/** What stands for the blocks of a layer of one cache. */
class LayerBlocks {
  readonly #place: { readonly layer: number; readonly blockSize: number }
  readonly #keys: PageSummaries
  readonly #values: PageSummaries
  readonly #rows: ValueRows

  constructor(context: PatternFeedContext, place: { layer: number; blockSize: number }) {
    const summaries = () => {
      const page = { layer: place.layer, pageSize: place.blockSize }
      return new PageSummaries(context, page, meansOfPages(place.blockSize, context.config.headDim))
    }
    this.#place = place
    this.#keys = summaries()
    this.#values = summaries()
    this.#rows = new ValueRows(context, place.layer)
  }

  /** Adds the inputs of the layer, and gives the number of blocks that they have room for. */
  feed(feeds: Record<string, HostTensor>, context: PatternFeedContext, valueMeans: boolean): number {
    const { layer, blockSize } = this.#place
    const { kvHeads, headDim } = context.config
    const { data, pages } = this.#keys.update(context)
    const shape = [kvHeads, pages, headDim]
    feeds[`keyMeans.${layer}`] = { dtype: 'float32', shape, data }
    if (valueMeans) {
      const means = this.#values.update(context, this.#rows.update(context))
      feeds[`valueMeans.${layer}`] = { dtype: 'float32', shape, data: means.data }
    } else this.#rows.cut(context)
    if (context.mode === 'step') feedPageViews(feeds, context, { layer, pageSize: blockSize, values: this.#rows })
    return pages
  }
}
