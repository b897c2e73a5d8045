/** @file Pages of the cache: runs of neighbouring slots that move together, as inputs of a graph and gathered in it. */
import type { AttentionSite, PatternFeedContext } from '@lc/core'
import {
  add,
  divide,
  expand,
  type GraphScope,
  gather,
  gatherElements,
  lessOrEqual,
  minimum,
  multiply,
  reshape,
  shapeOf,
  subtract,
  transpose,
  unsqueeze,
  type Value,
  where,
} from '@lc/core/graph'
import type { HostTensor } from '@lc/core/runtime'
import { checkOneOf } from '@lc/model/check'
import { hidden } from './score-marks.ts'
import type { ValueRows } from './value-rows.ts'

/** Sizes of a page. */
export const pageSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const
/** Caches have room for a multiple of this many slots: larger pages are gathered in parts of it. */
const most = 16

/** Checks a number of slots in a page. */
export function checkPageSize(size: number, argument = 'pageSize'): number {
  return checkOneOf(size, argument, pageSizes)
}

/** Keys and values of a layer by units of u slots, `[G*C/u, u*D]` each. */
export interface PageViews {
  readonly pageSize: number
  /** The page size, 16 at most. */
  readonly unit: number
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
  const unit = Math.min(pageSize, most)
  const shape = [`pageRows${site.layer}`, unit * site.config.headDim]
  const view = (name: string): Value => site.input(name, 'float32', shape)
  return { pageSize, unit, keys: view('keyPages'), values: view('valuePages') }
}

/** Adds the views of a layer to the feeds of a run. Keys are the cache's own memory. */
export function feedPageViews(
  feeds: Record<string, HostTensor>,
  context: PatternFeedContext,
  from: { readonly layer: number; readonly pageSize: number; readonly values: ValueRows },
): void {
  const { layer, pageSize } = from
  const width = Math.min(pageSize, most) * context.config.headDim
  const [keys, values] = [context.keys(layer), from.values.update(context)]
  feeds[`keyPages.${layer}`] = { dtype: 'float32', shape: [keys.length / width, width], data: keys }
  feeds[`valuePages.${layer}`] = { dtype: 'float32', shape: [values.length / width, width], data: values }
}

/** Slots that each head of a layer has room for. */
export function capacityOf({ config, keys }: PatternFeedContext, layer: number): number {
  return keys(layer).length / (config.kvHeads * config.headDim)
}

/** Slots in use by the fullest head of a layer. */
export function longestHead({ config, length }: PatternFeedContext, layer: number): number {
  let longest = 0
  for (let head = 0; head < config.kvHeads; head++) longest = Math.max(longest, length(layer, head))
  return longest
}

/** Gathers pages int64 `[G, K]` of each head. `beyond`: slots may lie beyond the room of the cache, and are hidden. */
export function gatherPages(
  site: AttentionSite,
  views: PageViews,
  pages: Value,
  beyond = views.pageSize > most,
): GatheredSlots {
  const { graph, config } = site
  const { kvHeads, headDim } = config
  const { pageSize, unit } = views
  const slots = slotsOfPages(site, pages, pageSize)
  const room = divide(sizeOf(site.pastKey, 1), int64(graph, unit))
  const units = minimum(slotsOfPages(site, pages, pageSize / unit), subtract(room, int64(graph, 1)))
  const rows = add(units, multiply(graph.constant(counting(kvHeads), [kvHeads, 1]), room))
  const shape = [kvHeads, slots.shape[1]!, headDim]
  return {
    keys: reshape(gather(views.keys, rows), shape),
    values: reshape(gather(views.values, rows), shape),
    bias: biasOfSlots(site, slots, beyond),
  }
}

/** Gathers slots int64 `[N]` that are the same for all heads. */
export function gatherAlike(site: AttentionSite, slots: Value): GatheredSlots {
  const { config, pastKey, pastValue } = site
  return {
    keys: gather(pastKey, slots, { axis: 1 }),
    values: transpose(gather(pastValue, slots, { axis: 2 }), [0, 2, 1]),
    bias: biasOfSlots(site, expand(unsqueeze(slots, [0]), [config.kvHeads, slots.shape[0]!])),
  }
}

/** The bias of slots int64 `[G, N]` of each head, `[G, 1, N]`. `beyond`: some may lie beyond the room of the cache. */
export function biasOfSlots(site: AttentionSite, slots: Value, beyond = false): Value {
  const { graph, config, pastKey } = site
  const bias = reshape(site.bias!, [config.kvHeads, pastKey.shape[1]!])
  if (!beyond) return unsqueeze(gatherElements(bias, slots, { axis: 1 }), [1])
  const last = subtract(sizeOf(pastKey, 1), int64(graph, 1))
  const inside = gatherElements(bias, minimum(slots, last), { axis: 1 })
  return unsqueeze(where(lessOrEqual(slots, last), inside, hidden), [1])
}

/** The slots of pages, int64 `[G, K*c]`. */
export function slotsOfPages({ graph, config }: AttentionSite, pages: Value, pageSize: number): Value {
  if (pageSize === 1) return pages
  const first = multiply(unsqueeze(pages, [2]), int64(graph, pageSize))
  const all = add(first, graph.constant(counting(pageSize), [1, 1, pageSize]))
  const count = pages.shape[1]!
  return reshape(all, [config.kvHeads, typeof count === 'number' ? count * pageSize : `${pageSize}*${count}`])
}

/** The size of an axis as int64 `[1]`. */
export function sizeOf(x: Value, axis: number): Value {
  return shapeOf(x, { start: axis, end: axis + 1 })
}

function int64(graph: GraphScope, value: number): Value {
  return graph.constant(BigInt64Array.of(BigInt(value)), [1])
}

/** 0, 1, 2, ... as int64. */
export function counting(count: number): BigInt64Array {
  return BigInt64Array.from({ length: count }, (_, index) => BigInt(index))
}
