/** @file One value per token: the most attention that any of the asking tokens pays to it, in any head of any scored layer. */
import type { AttendRequest, CallOptions } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import { type DraftModel, type ScoredLayers, specPcDefaults } from './options.ts'

/** Whose attention is read. */
export interface ImportanceRequest {
  ids: Uint32Array
  /** How many of the last tokens ask. */
  rows: number
  layers: ScoredLayers
  /** The weight of the first asking token; the last has 1, between them it is linear. The official 0 leaves the first out. */
  firstWeight: number
}

/** What was read. */
export interface Importance {
  /** Of each token. */
  importance: Float64Array
  /** The layers it was read of; with them the next call need not ask how many there are. */
  layers: ScoredLayers
}

/** Layers before this one are left out unless others are asked for (paper, section 5; all its drafts have 16 or more). */
const usualFirstLayer = 8

/**
 * Importance of each token `[ids]`: max over layers, heads and asking tokens of attention times the asking token's weight
 * (reduction `max` of the official code; the paper's text has a mean over the window, which the code does not).
 * @throws InvalidArgumentError for layers that the draft does not have
 */
export async function keyImportance(
  attender: DraftModel,
  { ids, rows, layers, firstWeight }: ImportanceRequest,
  options: CallOptions,
): Promise<Importance> {
  const { from, to } = layers
  const request: AttendRequest = {
    input: ids,
    queries: { from: ids.length - rows, to: ids.length },
    heads: 'max',
    rows: 'each',
  }
  const known = from !== undefined && to !== undefined
  // without a last layer the answer tells how many there are
  if (known) request.layers = Array.from({ length: to - from }, (_, index) => from + index)
  else if (to !== undefined) request.untilLayer = to - 1
  const { shape, data } = await attender.attend(request, options)
  const layerCount = shape[0]!
  const first = known ? 0 : (from ?? Math.min(usualFirstLayer, Math.floor(layerCount / 2)))
  checkArgument(first < layerCount, 'layers.from', first, `below the ${layerCount} layers that are run`)
  const importance = reduce(data, { first, layerCount, rows, width: ids.length, firstWeight })
  return { importance, layers: known ? layers : { from: first, to: layerCount } }
}

interface AttentionShape {
  first: number
  layerCount: number
  rows: number
  width: number
  firstWeight: number
}

/** Of `[layers, rows, width]`. */
function reduce(data: Float32Array, { first, layerCount, rows, width, firstWeight }: AttentionShape): Float64Array {
  const importance = new Float64Array(width)
  for (let layer = first; layer < layerCount; layer++)
    for (let row = 0; row < rows; row++) {
      const weight = rows === 1 ? 1 : firstWeight + ((1 - firstWeight) * row) / (rows - 1)
      const offset = (layer * rows + row) * width
      for (let key = 0; key < width; key++) {
        const value = data[offset + key]! * weight
        if (value > importance[key]!) importance[key] = value
      }
    }
  return importance
}

/** The asking tokens of a text of so many tokens. */
export function rowsWithin(tokens: number, windowSize: number = specPcDefaults.windowSize): number {
  return Math.min(tokens, windowSize)
}
