/** @file The cache as inputs of a layer, in each format and layout. */
import {
  type FourBitCache,
  fourBitKeys,
  fourBitValues,
  groupChannels,
  groupTokens,
} from '../../graph/composite/four-bit-cache.ts'
import type { QuantisedCachePart } from '../../graph/composite/quantised-cache.ts'
import type { Dimension } from '../../graph/dimension.ts'
import type { Graph } from '../../graph/graph.ts'
import { cast, multiply, subtract } from '../../graph/ops/elementwise.ts'
import { gather } from '../../graph/ops/gather.ts'
import { reshape, transpose, unsqueeze } from '../../graph/ops/movement.ts'
import type { Value } from '../../graph/value.ts'
import type { AttentionMode } from './attention-mode.ts'
import type { DecoderConfig } from './decoder-config.ts'

/**
 * How the slots of heads lie. `alike`: all layers and heads have room for C; `layers`: all heads of layer l for C_l; `ragged`: each
 * head for a number of its own. A ragged layer is given as one head that holds the slots of all, S_l, one head after the other.
 */
export type PastLayout = 'alike' | 'layers' | 'ragged'

/** How the cache is given to a graph. */
export interface PastForm {
  readonly format: 'float32' | 'int8' | 'int4'
  readonly layout: PastLayout
}

/** Cached keys and values of a layer. With texts all have an axis B before. */
export interface PastInputs extends PastForm {
  /** Keys `[G, C, D]`; in a ragged step `[1, S, D]`. Computed from codes where the cache is quantised. */
  key(): Value
  /** Transposed values `[G, D, C]`; in a ragged step `[1, D, S]`. */
  value(): Value
  /** On a quantised cache: keys `[G, D, C]`, ragged `[1, D, S]`, and values `[G, C, D]`, ragged `[1, S, D]`. */
  readonly quantised?: { readonly keys: QuantisedCachePart; readonly values: QuantisedCachePart }
  /** On a 4-bit cache; in a ragged step one head holds all. */
  readonly fourBit?: FourBitCache
  /** C, or S in a ragged step. */
  readonly slots: Dimension
}

/** What the inputs depend on. */
export interface PastPlace extends PastForm {
  readonly graph: Graph
  readonly config: DecoderConfig
  readonly layer: number
  readonly mode: AttentionMode
}

/**
 * Declares `pastKey.<l>` and `pastValue.<l>`, for 8-bit codes also `pastKeyScale.<l>` and `pastValueScale.<l>`, for 4-bit ones what
 * `Int4Layer.tensors` lists; where heads of a ragged cache
 * are needed apart, `slotRows.<l>` int32 `[G, C_l]`, the place of each slot among those of all heads.
 */
export function pastInputs(place: PastPlace): PastInputs {
  const { format, layout, layer, mode } = place
  const form = { format, layout }
  const apart = layout === 'ragged' && mode !== 'step'
  const slots = apart || layout === 'layers' ? `C_${layer}` : layout === 'alike' ? 'C' : `S_${layer}`
  const given = { float32: plainInputs, int8: codedInputs, int4: fourBitInputs }[format](place)
  if (!apart) return { ...form, ...given, slots }
  const rows = place.graph.input(`slotRows.${layer}`, 'int32', [place.config.kvHeads, slots])
  return {
    ...form,
    key: () => headsApart(given.key(), rows),
    value: () => transpose(headsApart(transpose(given.value(), [0, 2, 1]), rows), [0, 2, 1]),
    slots,
  }
}

/** Heads of `[1, S, D]`, one axis of slots for all, as `[G, C, D]`. */
function headsApart(x: Value, rows: Value): Value {
  const picked = gather(x, rows, { axis: 1 })
  return reshape(picked, picked.shape.slice(1))
}

function plainInputs(place: PastPlace): Pick<PastInputs, 'key' | 'value'> {
  const { rows, columns } = sizes(place)
  const [key, value] = [input(place, 'pastKey', rows), input(place, 'pastValue', columns)]
  return { key: () => key, value: () => value }
}

function codedInputs(place: PastPlace): Pick<PastInputs, 'key' | 'value' | 'quantised'> {
  const { rows, columns, scales } = sizes(place)
  const keys = { codes: input(place, 'pastKey', columns, 'uint8'), scales: input(place, 'pastKeyScale', scales) }
  const values = { codes: input(place, 'pastValue', rows, 'uint8'), scales: input(place, 'pastValueScale', scales) }
  const swapped = rows.length === 4 ? [0, 1, 3, 2] : [0, 2, 1]
  const swap = (x: Value): Value => transpose(x, swapped)
  return {
    quantised: { keys, values },
    key: () => swap(dequantised(keys.codes, keys.scales)),
    value: () => swap(dequantised(values.codes, swap(values.scales))),
  }
}

/** Inputs as in `FourBitCache`, with an axis of 1 before in fused runs, which are of one text. */
function fourBitInputs(place: PastPlace): Pick<PastInputs, 'key' | 'value' | 'fourBit'> {
  const { mode, layer, layout, config } = place
  const heads = layout === 'ragged' ? 1 : config.kvHeads
  const { headDim } = config
  const channels = groupChannels(headDim)
  const [blocks, tail, slots] = [`N_${layer}`, `W_${layer}`, slotsOf(place)]
  const groups = headDim / channels
  const given = (
    name: string,
    shape: readonly Dimension[],
    dtype: 'float32' | 'float16' | 'uint8' | 'int32',
  ): Value => {
    const own = [heads, ...shape]
    return mode === 'fused' ? reshape(input(place, name, [1, ...own], dtype), own) : input(place, name, own, dtype)
  }
  const fourBit = {
    key: given('pastKey', [blocks, headDim, groupTokens / 2], 'uint8'),
    keyGrid: given('pastKeyGrid', [blocks, 2, headDim], 'float16'),
    value: given('pastValue', [groups / 2, blocks, groupTokens, channels], 'uint8'),
    valueGrid: given('pastValueGrid', [2 * groups, blocks, groupTokens], 'float16'),
    tailKey: given('pastTailKey', [tail, headDim], 'float32'),
    tailValue: given('pastTailValue', [tail, headDim], 'float32'),
    rows: given('pastRows', [slots], 'int32'),
    slots: given('pastSlots', [blocks, groupTokens], 'int32'),
    tailSlots: given('pastTailSlots', [tail], 'int32'),
  }
  const outer = (x: Value): Value => (mode === 'fused' ? unsqueeze(x, [0]) : x)
  return {
    fourBit,
    key: () => outer(fourBitKeys(fourBit)),
    value: () => outer(transpose(fourBitValues(fourBit), [0, 2, 1])),
  }
}

function slotsOf({ layout, layer }: PastPlace): Dimension {
  return layout === 'alike' ? 'C' : layout === 'layers' ? `C_${layer}` : `S_${layer}`
}

function sizes(place: PastPlace): Record<'rows' | 'columns' | 'scales', readonly Dimension[]> {
  const { layout, mode, config } = place
  const slots = slotsOf(place)
  const outer = [...(mode === 'fused' ? ['B'] : []), layout === 'ragged' ? 1 : config.kvHeads]
  const { headDim } = config
  return { rows: [...outer, slots, headDim], columns: [...outer, headDim, slots], scales: [...outer, 1, slots] }
}

function dequantised(codes: Value, scales: Value): Value {
  return multiply(subtract(cast(codes, 'float32'), 128), scales)
}

function input(
  { graph, layer }: PastPlace,
  name: string,
  shape: readonly Dimension[],
  dtype: 'float32' | 'float16' | 'uint8' | 'int32' = 'float32',
): Value {
  return graph.input(`${name}.${layer}`, dtype, shape)
}
