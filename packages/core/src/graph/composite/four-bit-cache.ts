/**
 * @file Attention over keys and values in 4 bits (KIVI: keys per channel and 32 tokens, values per token and group of channels), and the
 * latest tokens in float32. Scales and zeros are folded into queries and weights, q (c s + z) = (q s) c + q z, so that codes are only
 * cast, never scaled one by one. Two codes share a byte c + 16 h: products with the bytes and with h give both.
 */
import { multiplyDimensions } from '../dimension.ts'
import { add, cast, multiply, shiftRight, subtract } from '../ops/elementwise.ts'
import { gather } from '../ops/gather.ts'
import { fusedMatMul, matMul } from '../ops/matmul.ts'
import { concat, reshape, slice, transpose, unsqueeze } from '../ops/movement.ts'
import type { Value } from '../value.ts'

/** Tokens that share a scale per channel of their keys. The paper's group size. */
export const groupTokens = 32
/** Most channels that share a scale in a token's values. */
const mostChannels = 32

/** Channels of a value that share a scale: groups come in pairs, whose codes share bytes. */
export function groupChannels(headDim: number): number {
  let channels = headDim / 2
  while (channels > mostChannels && channels % 2 === 0) channels /= 2
  return channels
}

/**
 * A cached layer. G heads, N blocks of 32 places, P = 32 N; W tokens in float32; C slots; D channels in B groups, two of which share
 * bytes.
 */
export interface FourBitCache {
  /** uint8 `[G, N, D, 16]`: byte j of a channel has the codes of places j and j + 16. */
  readonly key: Value
  /** float16 `[G, N, 2, D]`: scales, zeros. */
  readonly keyGrid: Value
  /** uint8 `[G, B/2, N, 32, D/B]`: byte j has the codes of channel j of two groups. */
  readonly value: Value
  /** float16 `[G, 2B, N, 32]`: scales of the groups, then their zeros. */
  readonly valueGrid: Value
  /** float32 `[G, W, D]` */
  readonly tailKey: Value
  /** float32 `[G, W, D]` */
  readonly tailValue: Value
  /** int32 `[G, C]`: the row of each slot in `[G * (P + W)]`, the places of a head before its tail. */
  readonly rows: Value
  /** int32 `[G, N, 32]`: the slot of each place in `[G * C]`; a place without one has a scale and a zero of 0. */
  readonly slots: Value
  /** int32 `[G, W]`: the slot of each row of the tail; rows not in use are zero. */
  readonly tailSlots: Value
}

/** Scores of queries `[G, R, D]`: `[G, R, C]`, not scaled by 1 / sqrt(D). */
export function fourBitScores(query: Value, cache: FourBitCache): Value {
  const [heads, rows, width] = query.shape as readonly [number, number, number]
  const [scale, zero] = grids(cache.keyGrid, 2)
  const own = reshape(query, [heads, 1, rows, width])
  const { low, high } = products(multiply(own, scale), cache.key)
  const offset = fusedMatMul(own, zero, { transposeB: true })
  const coded = transpose(add(concat([low, high]), offset), [0, 1, 3, 2])
  const tail = fusedMatMul(cache.tailKey, query, { transposeB: true })
  const all = concat([reshape(coded, [heads, places(cache), rows]), tail], { axis: 1 })
  return transpose(gather(reshape(all, [-1, rows]), cache.rows), [0, 2, 1])
}

/** Values mixed by weights `[G, R, C]`, which are zero for slots not in use: `[G, R, D]`. */
export function fourBitMix(weights: Value, cache: FourBitCache): Value {
  const [heads, rows] = weights.shape as readonly [number, number]
  const { pairs, channels, groups } = valueSizes(cache)
  const all = places(cache)
  const bySlot = reshape(transpose(weights, [0, 2, 1]), [-1, rows])
  const byPlace = transpose(reshape(gather(bySlot, cache.slots), [heads, all, rows]), [0, 2, 1])
  const [scale, zero] = grids(cache.valueGrid, 1).map((grid) => reshape(grid, [heads, groups, all])) as [Value, Value]
  const scaled = multiply(unsqueeze(byPlace, [1]), unsqueeze(scale, [2]))
  const ofPairs = reshape(scaled, [heads, pairs, 2 * rows, all])
  const codes = reshape(cache.value, [heads, pairs, all, channels])
  const high = matMul(ofPairs, cast(shiftRight(codes, 4), 'float32'))
  const first = { axis: 2, start: 0, end: rows }
  const low = subtract(matMul(slice(ofPairs, first), cast(codes, 'float32')), multiply(slice(high, first), 16))
  const mixed = concat([low, slice(high, { axis: 2, start: rows, end: 2 * rows })], { axis: 2 })
  const offset = transpose(fusedMatMul(byPlace, zero, { transposeB: true }), [0, 2, 1])
  const coded = add(reshape(mixed, [heads, groups, rows, channels]), unsqueeze(offset, [3]))
  const tail = fusedMatMul(gather(bySlot, cache.tailSlots), cache.tailValue, { transposeA: true })
  return add(reshape(transpose(coded, [0, 2, 1, 3]), [heads, rows, groups * channels]), tail)
}

/** The keys that the codes stand for, `[G, C, D]`. */
export function fourBitKeys(cache: FourBitCache): Value {
  const [heads, , width] = cache.key.shape as readonly [number, unknown, number]
  const [scale, zero] = grids(cache.keyGrid, 2)
  const high = cast(shiftRight(cache.key, 4), 'float32')
  const codes = concat([subtract(cast(cache.key, 'float32'), multiply(high, 16)), high])
  const numbers = add(multiply(transpose(codes, [0, 1, 3, 2]), scale), zero)
  return inSlots(reshape(numbers, [heads, places(cache), width]), cache.tailKey, cache)
}

/** The values that the codes stand for, `[G, C, D]`. */
export function fourBitValues(cache: FourBitCache): Value {
  const heads = cache.value.shape[0]!
  const { pairs, channels, groups } = valueSizes(cache)
  const all = places(cache)
  const codes = reshape(cache.value, [heads, pairs, 1, all, channels])
  const high = cast(shiftRight(codes, 4), 'float32')
  const both = concat([subtract(cast(codes, 'float32'), multiply(high, 16)), high], { axis: 2 })
  const [scale, zero] = grids(cache.valueGrid, 1).map((grid) => reshape(grid, [heads, groups, all, 1])) as [
    Value,
    Value,
  ]
  const numbers = add(multiply(reshape(both, [heads, groups, all, channels]), scale), zero)
  const rows = reshape(transpose(numbers, [0, 2, 1, 3]), [heads, all, groups * channels])
  return inSlots(rows, cache.tailValue, cache)
}

/** Products of rows `[.., R, K]` with the codes of bytes `[.., K, J]`: those of the low and of the high halves. */
function products(rows: Value, bytes: Value): { low: Value; high: Value } {
  const high = matMul(rows, cast(shiftRight(bytes, 4), 'float32'))
  return { low: subtract(matMul(rows, cast(bytes, 'float32')), multiply(high, 16)), high }
}

/** Rows of places `[G, P, D]` and of the tail in the order of slots, `[G, C, D]`. */
function inSlots(coded: Value, tail: Value, { rows }: FourBitCache): Value {
  return gather(reshape(concat([coded, tail], { axis: 1 }), [-1, tail.shape[2]!]), rows)
}

/** Scales and zeros, the halves of an axis. */
function grids(grid: Value, axis: number): readonly [Value, Value] {
  const numbers = cast(grid, 'float32')
  const size = grid.shape[axis] as number
  return [slice(numbers, { axis, start: 0, end: size / 2 }), slice(numbers, { axis, start: size / 2, end: size })]
}

function places({ slots }: FourBitCache) {
  return multiplyDimensions(slots.shape[1]!, slots.shape[2]!)
}

function valueSizes({ value }: FourBitCache): { pairs: number; channels: number; groups: number } {
  const [, pairs, , , channels] = value.shape as readonly [unknown, number, unknown, unknown, number]
  return { pairs, channels, groups: 2 * pairs }
}
