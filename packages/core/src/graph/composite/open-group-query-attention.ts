/** @file Grouped-query attention from plain ops, for providers whose fused kernel lacks a feature or is not to be trusted. */
import { ShapeError } from '../../errors/shape-error.ts'
import { addDimensions, type Dimension, divideDimensions } from '../dimension.ts'
import type { GroupQueryAttentionAttributes } from '../op-attributes/attention.ts'
import type { GroupQueryAttentionResult } from '../ops/attention.ts'
import { rotaryEmbedding } from '../ops/attention.ts'
import {
  add,
  and,
  cast,
  divide,
  equal,
  exp,
  greater,
  less,
  lessOrEqual,
  maximum,
  multiply,
  subtract,
  tanh,
  where,
} from '../ops/elementwise.ts'
import { gather } from '../ops/gather.ts'
import { einsum } from '../ops/matmul.ts'
import { concat, reshape, slice, split, transpose, unsqueeze } from '../ops/movement.ts'
import { cumulativeSum, reduceMax, reduceSum } from '../ops/reduction.ts'
import type { Value } from '../value.ts'

/** Large enough to vanish after exp, small enough to stay finite in sums. */
const masked = -1e30

/** A place behind every token. */
const beyond = 1e9

/** Numbers 0, 1, 2, ... along an axis of x, as float32 with x's other sizes 1 where they were. */
function countAlong(x: Value, axis: number): Value {
  // sums of ones count without the size being known; NaN compares unequal to itself and would count as 0
  const ones = cast(equal(x, x), 'float32')
  return cumulativeSum(ones, { axis, exclusive: true })
}

interface Parts {
  /** [B, T, H*D] */
  readonly query: Value
  /** [B, T, G*D] */
  readonly key: Value
  readonly value: Value
  readonly headDim: number
}

/** Query, key and value of the new tokens, whether given apart or packed. */
function newParts(inputs: readonly (Value | undefined)[], attributes: GroupQueryAttentionAttributes): Parts {
  const { numHeads, kvHeads } = attributes
  const query = inputs[0]!
  const packed = inputs[1] === undefined
  const headDim = Number(divideDimensions(query.shape[2]!, packed ? numHeads + 2 * kvHeads : numHeads))
  const sizes = [numHeads * headDim, kvHeads * headDim, kvHeads * headDim]
  const [q, k, v] = packed ? split(query, sizes) : [query, inputs[1]!, inputs[2]!]
  return { query: q!, key: k!, value: v!, headDim }
}

/** [B, H, T, N] as [B, G, R, T, N]. Heads are moved last, where a reshape needs no size that is known only at run time. */
function splitHeads(x: Value, groups: number): Value {
  const last = transpose(x, [0, 2, 3, 1])
  const heads = Number(last.shape[3])
  const apart = reshape(last, [...last.shape.slice(0, 3), groups, heads / groups])
  return transpose(apart, [0, 3, 4, 1, 2])
}

/** [B, G, R, T, N] as [B, H, T, N]. */
function joinHeads(x: Value): Value {
  const last = transpose(x, [0, 3, 4, 1, 2])
  const joined = reshape(last, [...last.shape.slice(0, 3), Number(last.shape[3]) * Number(last.shape[4])])
  return transpose(joined, [0, 3, 1, 2])
}

/** Tokens before the new ones, [B, 1] float32. */
function pastLengths(inputs: readonly (Value | undefined)[], steps: Value): Value {
  // past = last - (T - 1), where T - 1 is the largest step
  return subtract(unsqueeze(cast(inputs[5]!, 'float32'), [1]), reduceMax(steps))
}

/** Place of each new token in its row, [B, T] float32: past length + 0, 1, 2, ... */
function ownPlaces(inputs: readonly (Value | undefined)[]): { places: Value; past?: Value } {
  const counted = countAlong(slice(inputs[0]!, { axis: 2, start: 0, end: 1 }), 1)
  const steps = reshape(counted, [inputs[0]!.shape[0]!, inputs[0]!.shape[1]!])
  if (inputs[3] === undefined) return { places: steps }
  const past = pastLengths(inputs, steps)
  return { places: add(steps, past), past }
}

function rotated(
  x: Value,
  heads: number,
  inputs: readonly (Value | undefined)[],
  places: Value,
  interleaved: boolean,
): Value {
  const rows = inputs[9] ?? cast(places, 'int32')
  const half = Number(inputs[7]!.shape[1])
  const [cos, sin] = [gather(inputs[7]!, rows), gather(inputs[8]!, rows)]
  return rotaryEmbedding(x, cos, sin, { interleaved, numHeads: heads, rotaryDim: 2 * half })
}

/** Place of each key in its row, [B, 1, 1, 1, P+T]; slots of the past that hold nothing are beyond every query. */
function keyPlaces(places: Value, past: Value | undefined, pastKey: Value | undefined): Value {
  const fresh = unsqueeze(places, [1, 2, 3])
  if (!pastKey || !past) return fresh
  const column = slice(pastKey, { axis: 1, start: 0, end: 1 }, { axis: 3, start: 0, end: 1 })
  const slots = unsqueeze(transpose(countAlong(column, 2), [0, 1, 3, 2]), [1])
  return concat([where(less(slots, unsqueeze(past, [2, 3, 4])), slots, beyond), fresh])
}

/** Which keys each query may see, bool [B, 1, 1, T, P+T]. */
function visible(keys: Value, places: Value, last: Value, attributes: GroupQueryAttentionAttributes): Value {
  const queries = unsqueeze(places, [1, 2, 4])
  const limit = attributes.causal ? queries : maximum(unsqueeze(cast(last, 'float32'), [1, 2, 3, 4]), queries)
  const seen = lessOrEqual(keys, limit)
  if (attributes.localWindow < 0) return seen
  return and(seen, greater(keys, subtract(queries, attributes.localWindow)))
}

/** Softmax with further terms in the denominator. */
function probabilitiesOf(scores: Value, extra: readonly Value[]): Value {
  let largest = reduceMax(scores)
  for (const term of extra) largest = maximum(largest, term)
  const powers = exp(subtract(scores, largest))
  let total = reduceSum(powers)
  for (const term of extra) total = add(total, exp(subtract(term, largest)))
  return divide(powers, total)
}

/**
 * The same as the op `groupQueryAttention`, but for the present of a past that lies in a longer buffer: it is buffer and new
 * rows side by side, and must not be used (`present: 'unused'`). `inputs` are in the order of the op.
 *
 * @throws ShapeError for a present in a buffer that is used, and for quantised caches.
 */
export function openGroupQueryAttention(
  inputs: readonly (Value | undefined)[],
  attributes: GroupQueryAttentionAttributes,
  present: 'used' | 'unused' = 'used',
): GroupQueryAttentionResult {
  const { numHeads, kvHeads, scale, softcap, rotary, rotaryInterleaved, smoothSoftmax, scores: wanted } = attributes
  const { query, key, value, headDim } = newParts(inputs, attributes)
  const [batch, tokens] = query.shape as readonly [Dimension, Dimension]
  checkPlainCache(inputs, attributes, tokens, present)
  const { places, past } = ownPlaces(inputs)
  const turn = (x: Value, heads: number): Value => (rotary ? rotated(x, heads, inputs, places, rotaryInterleaved) : x)
  const apart = (x: Value): Value => transpose(reshape(x, [batch, tokens, kvHeads, headDim]), [0, 2, 1, 3])
  const newKey = apart(turn(key, kvHeads))
  const presentKey = inputs[3] ? concat([inputs[3], newKey], { axis: 2 }) : newKey
  const presentValue = inputs[4] ? concat([inputs[4], apart(value)], { axis: 2 }) : apart(value)
  const grouped = reshape(turn(query, numHeads), [batch, tokens, kvHeads, numHeads / kvHeads, headDim])
  let scores = multiply(einsum('btgrd,bgsd->bgrts', grouped, presentKey), scale ?? headDim ** -0.5)
  if (softcap !== 0) scores = multiply(tanh(divide(scores, softcap)), softcap)
  if (inputs[10]) scores = add(scores, splitBias(inputs[10], kvHeads))
  const keys = keyPlaces(places, past, inputs[3])
  const open = where(visible(keys, places, inputs[5]!, attributes), scores, masked)
  const sink = inputs[11] ? [reshape(inputs[11], [1, kvHeads, numHeads / kvHeads, 1, 1])] : []
  const extra = [...(smoothSoftmax ? [query.graph.constant(0)] : []), ...sink]
  const probabilities = probabilitiesOf(open, extra)
  const mixed = einsum('bgrts,bgsd->btgrd', probabilities, presentValue)
  const output = reshape(mixed, [batch, tokens, numHeads * headDim])
  const shown = wanted === 'before-softmax' ? scores : probabilities
  return { output, presentKey, presentValue, ...(wanted !== 'none' && { scores: joinHeads(shown) }) }
}

/** A bias [B|1, H|1, T, N] that broadcasts to [B, G, R, T, N]. */
function splitBias(bias: Value, groups: number): Value {
  return bias.shape[1] === 1 ? unsqueeze(bias, [1]) : splitHeads(bias, groups)
}

function checkPlainCache(
  inputs: readonly (Value | undefined)[],
  attributes: GroupQueryAttentionAttributes,
  tokens: Dimension,
  present: 'used' | 'unused',
): void {
  const past = inputs[3]
  const length = past ? addDimensions(past.shape[2]!, tokens) : tokens
  const plain = attributes.keyScale === 'none' && attributes.valueScale === 'none'
  // scores and biases count the keys from the start of the row, without gaps
  const gapless = length === attributes.presentLength
  const placed = present === 'used' || inputs[10] !== undefined || attributes.scores !== 'none'
  if (plain && (gapless || !placed)) return
  throw new ShapeError({
    op: 'groupQueryAttention',
    shapes: [`a present of length ${attributes.presentLength}`],
    rule: 'outside the fused kernel a present that is used must be the past and the new rows, unquantised',
  })
}
