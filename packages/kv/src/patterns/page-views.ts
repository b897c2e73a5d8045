/** @file Pages of the cache: runs of neighbouring slots that move together, as inputs of a graph and gathered in it. */
import type { AttentionSite, PatternFeedContext } from '@lc/core'
import { add, gather, gatherElements, multiply, reshape, shapeOf, unsqueeze, type Value } from '@lc/core/graph'
import type { HostTensor } from '@lc/core/runtime'
import { checkOneOf } from '@lc/model/check'
import type { ValueRows } from './value-rows.ts'

/** Sizes of a page: caches have room for a multiple of 128 slots. */
export const pageSizes = [1, 4, 8, 16, 32, 64, 128] as const

/** Checks a number of slots in a page. */
export function checkPageSize(size: number, argument = 'pageSize'): number {
  return checkOneOf(size, argument, pageSizes)
}

/** Keys and values of a layer by pages of c slots, `[G*P, c*D]` each. */
export interface PageViews {
  readonly pageSize: number
  readonly keys: Value
  readonly values: Value
}

/** Keys and values of N slots of each head. */
export interface GatheredSlots {
  /** `[G, N, D]` */
  readonly keys: Value
  /** `[G, N, D]` */
  readonly values: Value
  /** `[G, 1, N]`, added to their scores. */
  readonly bias: Value
}

/** Declares the inputs that `feedPageViews` feeds. */
export function pageViews(site: AttentionSite, pageSize: number): PageViews {
  const shape = [`pageRows${site.layer}`, pageSize * site.config.headDim]
  const view = (name: string): Value => site.input(name, 'float32', shape)
  return { pageSize, keys: view('keyPages'), values: view('valuePages') }
}

/** Adds the views of a layer to the feeds of a run. Keys are the cache's own memory. */
export function feedPageViews(
  feeds: Record<string, HostTensor>,
  context: PatternFeedContext,
  from: { readonly layer: number; readonly pageSize: number; readonly values: ValueRows },
): void {
  const { layer, pageSize } = from
  const width = pageSize * context.config.headDim
  const [keys, values] = [context.keys(layer), from.values.update(context)]
  feeds[`keyPages.${layer}`] = { dtype: 'float32', shape: [keys.length / width, width], data: keys }
  feeds[`valuePages.${layer}`] = { dtype: 'float32', shape: [values.length / width, width], data: values }
}

/** Pages that each head of a layer has room for. */
export function pagesOf({ config, keys }: PatternFeedContext, layer: number, pageSize: number): number {
  return keys(layer).length / (config.kvHeads * config.headDim * pageSize)
}

/** Slots in use by the fullest head of a layer. */
export function longestHead({ config, length }: PatternFeedContext, layer: number): number {
  let longest = 0
  for (let head = 0; head < config.kvHeads; head++) longest = Math.max(longest, length(layer, head))
  return longest
}

/**
 * Gathers pages of each head.
 *
 * @param pages int64 `[G, K]`
 * @param room int64 `[1]`: pages that a head has room for
 */
export function gatherPages(site: AttentionSite, views: PageViews, pages: Value, room: Value): GatheredSlots {
  const { graph, config } = site
  const { kvHeads, headDim } = config
  const slots = slotsOfPages(site, pages, views.pageSize)
  const rows = add(pages, multiply(graph.constant(counting(kvHeads), [kvHeads, 1]), room))
  const shape = [kvHeads, slots.shape[1]!, headDim]
  return {
    keys: reshape(gather(views.keys, rows), shape),
    values: reshape(gather(views.values, rows), shape),
    bias: biasOfSlots(site, slots),
  }
}

/** The bias of slots int64 `[G, N]` of each head: `[G, 1, N]`. */
export function biasOfSlots(site: AttentionSite, slots: Value): Value {
  const bias = reshape(site.bias!, [site.config.kvHeads, site.pastKey.shape[1]!])
  return unsqueeze(gatherElements(bias, slots, { axis: 1 }), [1])
}

/** The slots of pages, int64 `[G, K*c]`. */
export function slotsOfPages({ graph, config }: AttentionSite, pages: Value, pageSize: number): Value {
  if (pageSize === 1) return pages
  const first = multiply(unsqueeze(pages, [2]), graph.constant(BigInt64Array.of(BigInt(pageSize)), [1]))
  const all = add(first, graph.constant(counting(pageSize), [1, 1, pageSize]))
  const count = pages.shape[1]!
  return reshape(all, [config.kvHeads, typeof count === 'number' ? count * pageSize : `${pageSize}*${count}`])
}

/** The size of an axis as int64 `[1]`. */
export function sizeOf(x: Value, axis: number): Value {
  return shapeOf(x, { start: axis, end: axis + 1 })
}

/** 0, 1, 2, ... as int64. */
export function counting(count: number): BigInt64Array {
  return BigInt64Array.from({ length: count }, (_, index) => BigInt(index))
}
