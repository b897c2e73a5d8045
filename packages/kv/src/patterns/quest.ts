import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import { concat, fusedMatMul, reduceMax, relu, subtract, topK, type Value } from '@lc/core/graph'
import { plainAttention } from '@lc/core/models'
import type { HostTensor } from '@lc/core/runtime'
import { checkInteger } from '@lc/model/check'
import { type CacheBudget, readBudget } from '../policy/budget.ts'
import { CacheMemory } from './cache-memory.ts'
import { floats, integers } from './host-inputs.ts'
import { slotAttention } from './joined-attention.ts'
import { boundsOfPages, PageSummaries } from './page-summaries.ts'
import { checkPageSize, feedPageViews, gatherPages, longestHead, pageViews } from './page-views.ts'
import { ValueRows } from './value-rows.ts'

/** Options of `quest`. */
export interface QuestOptions {
  /** Cached tokens that a step attends over, in whole pages: three at least, the page still open among them. */
  readonly budget: CacheBudget
  /** Tokens in a page: a power of two up to 256. Defaults to 16. */
  readonly pageSize?: number
  /** First layers that attend over everything. Defaults to 2. */
  readonly denseLayers?: number
}

/** The defaults of `quest`. */
export const questDefaults = Object.freeze({ pageSize: 16, denseLayers: 2 } as const)

const fewestPages = 3

/**
 * Quest: each step attends over the pages whose keys could match its query best. The bound of a page is the sum over channels of
 * max(q * smallest key, q * largest key). Prompts are read with full attention; nothing leaves the cache.
 *
 * Where the published kernels and their evaluation differ, this follows the kernels: the open page always takes part. Query heads of one
 * key/value head share their pages, by the largest bound among them; published code chooses per query head.
 *
 * Tang et al., "Quest: Query-Aware Sparsity for Efficient Long-Context LLM Inference" (ICML 2024), section 3.3; mit-han-lab/Quest.
 *
 * @throws InvalidArgumentError for options that are out of range
 */
export function quest(options: QuestOptions): AttentionPattern {
  const pageSize = checkPageSize(options.pageSize ?? questDefaults.pageSize)
  const denseLayers = checkInteger(options.denseLayers ?? questDefaults.denseLayers, 'denseLayers', { min: 0 })
  const slotsFor = readBudget(options.budget, 0)
  const id = `quest(${options.budget}, ${pageSize}, ${denseLayers})`
  const memory = new CacheMemory(id, (context) =>
    context.config.layers.map((_, layer) => ({
      bounds: new PageSummaries(context, { layer, pageSize }, boundsOfPages(pageSize, context.config.headDim)),
      values: new ValueRows(context, layer),
    })),
  )
  return {
    id,
    prefill: 'fused',
    build: (site) =>
      site.mode !== 'step' || site.layer < denseLayers ? plainAttention(site) : questAttention(site, pageSize),
    feed: (context) => {
      const feeds: Record<string, HostTensor> = {}
      for (const [layer, { bounds, values }] of memory.of(context).entries()) {
        if (layer < denseLayers) continue
        if (context.mode === 'step') feedLayer(feeds, context, { layer, bounds, values, pageSize, slotsFor })
        else for (const kept of [bounds, values]) kept.cut(context)
      }
      return feeds
    },
  }
}

function questAttention(site: AttentionSite, pageSize: number): Value {
  const { layer, config, query } = site
  const { kvHeads, headDim } = config
  const bounds = site.input('pageBounds', 'float32', [kvHeads, `pages${layer}`, 2 * headDim])
  const count = site.input('pageCount', 'int64', [1])
  const views = pageViews(site, pageSize)
  const { indices } = topK(pageScores(bounds, query), count, { sorted: false, count: `chosenPages${layer}` })
  site.output('pages', indices)
  return slotAttention(site, gatherPages(site, views, indices))
}

/** The bound of each page, `[G, P]`: relu(q) * largest + min(q, 0) * smallest, the largest over a group. */
function pageScores(bounds: Value, query: Value): Value {
  const positive = relu(query)
  const halves = concat([positive, subtract(query, positive)])
  return reduceMax(fusedMatMul(bounds, halves, { transposeB: true }), { axes: [2], keepDims: false })
}

function feedLayer(
  feeds: Record<string, HostTensor>,
  context: PatternFeedContext,
  choice: {
    readonly layer: number
    readonly bounds: PageSummaries
    readonly values: ValueRows
    readonly pageSize: number
    readonly slotsFor: (length: number) => number
  },
): void {
  const { layer, bounds, values, pageSize, slotsFor } = choice
  const { kvHeads, headDim } = context.config
  const { data, pages } = bounds.update(context)
  const length = longestHead(context, layer)
  const count = pageCount(length, slotsFor(length), pageSize)
  feeds[`pageBounds.${layer}`] = floats([kvHeads, pages, 2 * headDim], data)
  feeds[`pageCount.${layer}`] = integers([count])
  feedPageViews(feeds, context, { layer, pageSize, values })
}

/** All pages where the budget holds all slots, otherwise as many whole ones as fit, three at least. */
function pageCount(length: number, slots: number, pageSize: number): number {
  const all = Math.ceil(length / pageSize)
  const wanted = slots >= length ? all : Math.max(fewestPages, Math.floor(slots / pageSize))
  return Math.max(1, Math.min(all, wanted))
}
