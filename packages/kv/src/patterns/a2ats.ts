import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import { add, fusedMatMul, gatherElements, reduceMax, reshape, rotaryEmbedding, topK, type Value } from '@lc/core/graph'
import { plainAttention } from '@lc/core/models'
import type { HostTensor } from '@lc/core/runtime'
import { checkArgument, checkInteger } from '@lc/model/check'
import { type CacheBudget, readBudget } from '../policy/budget.ts'
import { CacheMemory } from './cache-memory.ts'
import { type Codebook, type Codebooks, centroidKeys } from './codebook.ts'
import { floats, integers } from './host-inputs.ts'
import { slotAttention } from './joined-attention.ts'
import { KeyCodes } from './key-codes.ts'
import { feedPageViews, gatherPages, longestHead, pageViews } from './page-views.ts'
import { forced, hidden } from './score-marks.ts'
import { turnsBy } from './turn-rows.ts'
import { ValueRows } from './value-rows.ts'

/** Options of `a2ats`. */
export interface A2atsOptions {
  /** Tokens by head that a step reads, the first and the last ones included. */
  readonly budget: CacheBudget
  /** By layer and key/value head, as `calibrateCodebooks` makes them. */
  readonly codebooks: Codebooks
  /** First tokens that are always read. Defaults to 8. */
  readonly sink?: number
  /** Last tokens that are always read. Defaults to 64. */
  readonly window?: number
}

/** The defaults of `a2ats`. */
export const a2atsDefaults = Object.freeze({ sink: 8, window: 64, farPosition: 2048 } as const)

/**
 * A2ATS: keys before their rotation as codes; a step scores each code once, with its query rotated as if all keys were at one distance
 * (windowed rotary positions), and reads the tokens whose codes score highest, with their keys as they are and at their own positions.
 *
 * Published code chooses per query head and joins what the heads of a group chose, on top of the budget; here the largest score of a
 * group counts, and the budget is what is read. Codes are made on the host; keys and values stay in the cache.
 *
 * He et al., "A2ATS: Retrieval-Based KV Cache Reduction via Windowed Rotary Position Embedding and Query-Aware Vector Quantization" (ACL
 * 2025 Findings), section 4; junhuihe-hjh/A2ATS, the masked model, which attends as this does.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError below the first and the last tokens;
 *   PolicyPlanError at the first run for codebooks of another model
 */
export function a2ats(options: A2atsOptions): AttentionPattern {
  const sink = checkInteger(options.sink ?? a2atsDefaults.sink, 'sink', { min: 0 })
  const window = checkInteger(options.window ?? a2atsDefaults.window, 'window', { min: 0 })
  const slotsFor = readBudget(options.budget, sink + window)
  const { codebooks } = options
  checkArgument(codebooks?.length > 0, 'codebooks', codebooks, 'those of a calibration')
  const size = sizeOfAll(codebooks)
  const id = `a2ats(${options.budget}, ${size}, ${sink}, ${window})`
  const memory = new CacheMemory(id, (context) => {
    checkModel(context, codebooks, id)
    return codebooks.map((own, layer) => ({
      codes: new KeyCodes(own, layer),
      values: new ValueRows(context, layer),
      centroids: joined(own.map((book) => centroidKeys(book, context.config.headDim))),
    }))
  })
  return {
    id,
    prefill: 'fused',
    build: (site) => (site.mode === 'step' ? codedStep(site, size) : plainAttention(site)),
    feed: (context) => {
      const feeds: Record<string, HostTensor> = {}
      for (const [layer, kept] of memory.of(context).entries())
        if (context.mode === 'step') feedLayer(feeds, context, { layer, ...kept, sink, window, slotsFor })
        else for (const each of [kept.codes, kept.values]) each.cut(context)
      return feeds
    },
  }
}

function codedStep(site: AttentionSite, size: number): Value {
  const { config, layer, pastKey } = site
  const { kvHeads, headDim } = config
  const slots = pastKey.shape[1]!
  const centroids = site.input('centroids', 'float32', [kvHeads, size, headDim])
  const codes = site.input('codes', 'int32', [kvHeads, slots])
  const bias = site.input('codeBias', 'float32', [kvHeads, slots])
  const count = site.input('tokenCount', 'int64', [1])
  const product = fusedMatMul(centroids, farQuery(site), { transposeB: true, alpha: config.queryScale })
  const table = reduceMax(product, { axes: [2], keepDims: false })
  const scores = add(gatherElements(table, codes, { axis: 1 }), bias)
  const { indices } = topK(scores, count, { sorted: false, count: `chosenTokens${layer}` })
  site.output('slots', indices)
  const chosen = gatherPages(site, pageViews(site, 1), indices)
  return slotAttention(site, chosen)
}

/** The query rotated to the far position instead of its own, `[G, H/G, D]`. */
function farQuery(site: AttentionSite): Value {
  const { config, layer, query } = site
  const kind = config.layers[layer]!.rope
  if (kind === undefined) return query
  const { rotaryDim } = config.ropes[kind]!
  const [cos, sin] = ['farCos', 'farSin'].map((name) => site.input(name, 'float32', [1, 1, rotaryDim / 2]))
  const rows = reshape(query, [1, config.heads, 1, config.headDim])
  const turned = rotaryEmbedding(rows, cos!, sin!, rotaryDim === config.headDim ? {} : { rotaryDim })
  return reshape(turned, [config.kvHeads, config.heads / config.kvHeads, config.headDim])
}

function feedLayer(
  feeds: Record<string, HostTensor>,
  context: PatternFeedContext,
  kept: {
    readonly layer: number
    readonly codes: KeyCodes
    readonly values: ValueRows
    readonly centroids: Float32Array
    readonly sink: number
    readonly window: number
    readonly slotsFor: (length: number) => number
  },
): void {
  const { layer, codes, values, centroids, slotsFor } = kept
  const { kvHeads, headDim } = context.config
  const { data, capacity } = codes.update(context)
  const length = longestHead(context, layer)
  const count = Math.max(1, Math.min(length, slotsFor(length)))
  const bias = new Float32Array(kvHeads * capacity).fill(hidden)
  for (let head = 0; head < kvHeads; head++) {
    const row = bias.subarray(head * capacity, head * capacity + context.length(layer, head)).fill(0)
    row.fill(forced, 0, kept.sink)
    // the new token is the last of the window
    row.fill(forced, Math.max(0, row.length - kept.window + 1))
  }
  const size = centroids.length / (kvHeads * headDim)
  feeds[`centroids.${layer}`] = floats([kvHeads, size, headDim], centroids)
  feeds[`codes.${layer}`] = { dtype: 'int32', shape: [kvHeads, capacity], data }
  feeds[`codeBias.${layer}`] = floats([kvHeads, capacity], bias)
  feeds[`tokenCount.${layer}`] = integers([count])
  feedPageViews(feeds, context, { layer, pageSize: 1, values })
  const { cos, sin, half } = turnsBy(context, layer, [a2atsDefaults.farPosition - context.position])
  if (half === 0) return
  feeds[`farCos.${layer}`] = floats([1, 1, half], cos)
  feeds[`farSin.${layer}`] = floats([1, 1, half], sin)
}

function sizeOfAll(codebooks: Codebooks): number {
  const width = (book: Codebook): number => Math.sqrt(book.lower.length)
  const sizes = new Set(codebooks.flat().map((book) => book.centroids.length / width(book)))
  checkArgument(sizes.size === 1, 'codebooks', [...sizes], 'codebooks of one size')
  return [...sizes][0]!
}

function checkModel({ config }: PatternFeedContext, codebooks: Codebooks, id: string): void {
  const { layers, kvHeads, headDim } = config
  const fits =
    codebooks.length === layers.length &&
    codebooks.every((own) => own.length === kvHeads && own.every(({ lower }) => lower.length === headDim * headDim))
  const missing = `codebooks of ${layers.length} layers with ${kvHeads} heads of ${headDim} channels`
  if (!fits) throw new PolicyPlanError({ policy: id, missing })
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
