import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import {
  add,
  addDimensions,
  concat,
  fusedMatMul,
  reduceSum,
  reshape,
  slice,
  softmax,
  topK,
  transpose,
  type Value,
} from '@lc/core/graph'
import type { HostTensor } from '@lc/core/runtime'
import { checkInteger } from '@lc/model/check'
import { readSlots } from '../policy/budget.ts'
import { floats, integers } from './host-inputs.ts'
import { softCapped } from './joined-attention.ts'
import { cachedSlots, oneText, prefillPattern } from './prefill-attention.ts'
import { forced, hidden } from './score-marks.ts'

/** Options of `verticalColumns`. */
export interface VerticalColumnsOptions {
  /** Cached tokens that a chunk of a prompt sees: the first, the last before it, and the best of the others. */
  readonly budget: number
  /** Defaults to 30. */
  readonly sink?: number
  /** Defaults to 100. */
  readonly window?: number
}

/** The defaults of `verticalColumns`. */
export const verticalColumnsDefaults = Object.freeze({ sink: 30, window: 100 } as const)

/** Last queries of a chunk that choose for all of it. */
const choosing = 64

/**
 * The columns of MInference's vertical-slash prompts: the last 64 queries of a chunk choose the tokens before it that all its queries
 * see, by the attention they give them. Slashes, which follow each query, cannot be gathered for a chunk as a whole: instead of them it
 * sees the last tokens before it, and itself. Steps see everything.
 *
 * Jiang et al., "MInference 1.0" (NeurIPS 2024), section 3.2, algorithm 2; microsoft/MInference: 30 first columns and the last 100
 * diagonals always. Columns are chosen per key/value head there per query head.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError for a budget without a column to choose
 */
export function verticalColumns(options: VerticalColumnsOptions): AttentionPattern {
  const sink = checkInteger(options.sink ?? verticalColumnsDefaults.sink, 'sink', { min: 0 })
  const window = checkInteger(options.window ?? verticalColumnsDefaults.window, 'window', { min: 0 })
  const budget = readSlots(options.budget, sink + window + 1)
  const count = (context: PatternFeedContext) =>
    cachedSlots(context) > 0 && context.tokens >= choosing ? Math.min(cachedSlots(context), budget) : undefined
  return prefillPattern({
    id: `vertical-slash(${budget}, ${sink}, ${window})`,
    choose: (site) => ({ slots: chooseColumns(site) }),
    count,
    feed: (context, layer) => ({
      [`columnCount.${layer}`]: integers([count(context)!]),
      [`columnBias.${layer}`]: columnBias(context, { sink, window }),
      [`rowBias.${layer}`]: rowBias(context),
    }),
  })
}

/** The slots with the largest sums of weights, int64 `[G, M]`. */
function chooseColumns(site: AttentionSite): Value {
  const { config, layer } = site
  const { kvHeads, headDim, heads } = config
  const [pastKey, query, key] = [site.pastKey, site.query, site.key].map(oneText) as [Value, Value, Value]
  const [capacity, tokens] = [pastKey.shape[2]!, query.shape[1]!]
  const keys = addDimensions(capacity, tokens)
  const count = site.input('columnCount', 'int64', [1])
  const columns = site.input('columnBias', 'float32', [1, keys])
  const visible = site.input('rowBias', 'float32', [choosing, keys])
  const byHead = transpose(reshape(query, [tokens, kvHeads, heads / kvHeads, headDim]), [1, 2, 0, 3])
  const last = slice(byHead, { axis: 2, start: -choosing })
  const own = transpose(reshape(key, [tokens, kvHeads, 1, headDim]), [1, 2, 0, 3])
  const scored = [reshape(pastKey, [kvHeads, 1, capacity, headDim]), own].map((part) =>
    softCapped(site, fusedMatMul(last, part, { transposeB: true, alpha: config.queryScale })),
  )
  const weights = softmax(add(concat(scored), visible))
  const sums = reduceSum(weights, { axes: [1, 2], keepDims: false })
  return topK(add(sums, columns), count, { sorted: false, count: `columns${layer}` }).indices
}

/** Which keys the choosing queries see: what is cached, and the chunk up to themselves. `[64, C+T]`. */
function rowBias(context: PatternFeedContext): HostTensor {
  const { tokens, capacity } = context
  const width = capacity + tokens
  const data = new Float32Array(choosing * width)
  for (let row = 0; row < choosing; row++) {
    data.fill(hidden, row * width + cachedSlots(context), row * width + capacity)
    data.fill(hidden, row * width + capacity + tokens - choosing + row + 1, (row + 1) * width)
  }
  return floats([choosing, width], data)
}

/** What is always chosen and what never: the chunk itself is not cached yet. `[1, C+T]`. */
function columnBias(context: PatternFeedContext, { sink, window }: { sink: number; window: number }): HostTensor {
  const { tokens, capacity } = context
  const cached = cachedSlots(context)
  const data = new Float32Array(capacity + tokens)
  data.fill(forced, 0, Math.min(sink, cached))
  data.fill(forced, Math.max(0, cached - window), cached)
  data.fill(hidden, cached)
  return floats([1, capacity + tokens], data)
}
