/**
 * @file SpecPC as its authors' program does it (Draft-based Approximate Inference for LLMs, ICLR 2026; code of
 * furiosa-ai/draft-based-approx-llm): positions of a prompt that stay, wherever they cut words or lines.
 */
import type { CallOptions, TextOrIds } from '@lc/model'
import { checkInteger } from '@lc/model/check'
import { keyImportance } from './key-importance.ts'
import { checkDraftModel, type DraftModel } from './options.ts'
import { maxPool } from './pool.ts'

/** Options of `officialSpecPc`, with the names and defaults of the official program in the comments. */
export interface OfficialSpecPcOptions extends CallOptions {
  attender: DraftModel
  /** The whole prompt, its question at the end. */
  prompt: TextOrIds
  /** Tokens that stay; `max_capacity_prompt`. Defaults to 1,024. */
  capacity?: number | undefined
  /** `window_size`. Defaults to 64. */
  windowSize?: number | undefined
  /** `kernel_size`. Defaults to 64. */
  kernelSize?: number | undefined
  /** `neighbor_tokens`; 0 for none. Defaults to `kernelSize`. */
  neighbors?: number | undefined
  /** `starting_layer_index`. Defaults to 0; the paper's runs have 8. */
  startingLayer?: number | undefined
}

/** The official defaults. */
export const officialSpecPcDefaults = Object.freeze({
  capacity: 1024,
  windowSize: 64,
  kernelSize: 64,
  startingLayer: 0,
} as const)

/**
 * The positions of the prompt that SpecPC keeps, ascending: all of a prompt of at most `capacity` tokens (which the official
 * program reads nevertheless). `pool_type` and `reduction_type` are `max`, `weighted_query` is on, one token is looked ahead
 * (which is the prefill). The official order of equal values is not defined; here the token with more attention of its own
 * comes first, of equals the earlier.
 *
 * @throws InvalidArgumentError
 */
export async function officialSpecPc({
  attender,
  prompt,
  ...options
}: OfficialSpecPcOptions): Promise<{ ids: Uint32Array; positions: Uint32Array }> {
  checkDraftModel(attender)
  const defaults = officialSpecPcDefaults
  const capacity = checkInteger(options.capacity ?? defaults.capacity, 'capacity', { min: 1 })
  const windowSize = checkInteger(options.windowSize ?? defaults.windowSize, 'windowSize', { min: 1 })
  const kernelSize = checkInteger(options.kernelSize ?? defaults.kernelSize, 'kernelSize', { min: 1 })
  const neighbors = checkInteger(options.neighbors ?? kernelSize, 'neighbors', { min: 0 })
  const from = checkInteger(options.startingLayer ?? defaults.startingLayer, 'startingLayer', { min: 0 })
  const ids = typeof prompt === 'string' ? attender.tokenizer.encode(prompt).ids : Uint32Array.from(prompt)
  if (ids.length <= capacity) return { ids, positions: Uint32Array.from(ids.keys()) }
  const rows = Math.min(ids.length, windowSize)
  const { importance } = await keyImportance(attender, { ids, rows, layers: { from }, firstWeight: 0 }, options)
  return { ids, positions: selectPositions(importance, { capacity, windowSize, kernelSize, neighbors }) }
}

export interface SelectPositionsOptions {
  capacity: number
  windowSize: number
  kernelSize: number
  neighbors: number
}

/** Pooling, the best `capacity` positions, their neighbours by nearness, the window first, cut to the capacity. */
export function selectPositions(
  importance: Float64Array,
  { capacity, windowSize, kernelSize, neighbors }: SelectPositionsOptions,
): Uint32Array {
  const { length } = importance
  const pooled = maxPool(importance, kernelSize).values
  const ranking = Array.from(importance.keys())
  ranking.sort((a, b) => pooled[b]! - pooled[a]! || importance[b]! - importance[a]! || a - b)
  const offsets = neighborOffsets(neighbors)
  const kept = new Set<number>()
  for (let at = Math.max(0, length - windowSize); at < length && kept.size < capacity; at++) kept.add(at)
  for (const peak of ranking.slice(0, capacity)) {
    for (const offset of offsets) {
      if (kept.size >= capacity) break
      kept.add(Math.min(length - 1, Math.max(0, peak + offset)))
    }
    if (kept.size >= capacity) break
  }
  return Uint32Array.from(kept).sort()
}

/** For 4: 0, -1, 1, 2. Without neighbours a peak stands alone. */
function neighborOffsets(neighbors: number): number[] {
  if (neighbors === 0) return [0]
  const before = Math.floor((neighbors - 1) / 2)
  const offsets = Array.from({ length: neighbors }, (_, index) => index - before)
  return offsets.sort((a, b) => Math.abs(a) - Math.abs(b) || a - b)
}
