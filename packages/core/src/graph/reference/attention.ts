import { roundHalfToEven } from '../half.ts'
import type { AttentionOps, GroupQueryAttentionAttributes } from '../op-attributes/attention.ts'
import { broadcastReader, build, forEachIndex, operand, type ReferenceKernels, type ReferenceTensor } from './kernel.ts'

type Reader = (index: readonly number[]) => number
type Inputs = readonly (ReferenceTensor | undefined)[]

/** Reads [B, T, heads * D] as [b, head, t, d], from an offset in the last dimension. */
function headReader(x: ReferenceTensor, headDim: number, from = 0): Reader {
  const [, tokens, size] = x.shape as readonly [number, number, number]
  return ([b, head, t, d]) => x.data[(b! * tokens + t!) * size + from + head! * headDim + d!]!
}

/** Rotates pairs of the first 2 * half elements of a head by the angles of a row of the tables. */
function rotate(
  read: (d: number) => number,
  d: number,
  half: number,
  interleaved: boolean,
  angle: (j: number) => [number, number],
): number {
  if (d >= 2 * half) return read(d)
  const j = interleaved ? Math.floor(d / 2) : d % half
  const second = interleaved ? d % 2 === 1 : d >= half
  const partner = interleaved ? d + (second ? -1 : 1) : d + (second ? -half : half)
  const [cos, sin] = angle(j)
  return second ? read(d) * cos + read(partner) * sin : read(d) * cos - read(partner) * sin
}

/** Softmax of the scores that are allowed, with extra terms in the denominator. */
function probabilities(scores: readonly number[], extra: readonly number[]): number[] {
  const largest = Math.max(...scores, ...extra)
  const powers = scores.map((score) => Math.exp(score - largest))
  const total = [...powers, ...extra.map((value) => Math.exp(value - largest))].reduce((sum, value) => sum + value, 0)
  return powers.map((power) => power / total)
}

interface Cache {
  readonly key: ReferenceTensor
  readonly value: ReferenceTensor
  readonly readKey: Reader
  readonly readValue: Reader
}

/** The reader of a per-tensor ([1]) or per-channel ([1, G, 1, D]) scale. */
function cacheScale(scale: ReferenceTensor | undefined): Reader {
  if (scale === undefined) return () => 1
  return scale.data.length === 1 ? () => scale.data[0]! : broadcastReader(scale)
}

/** New keys and values joined to the past; the readers give what attention sees, which is rounded if the cache is quantised. */
function extendCache(
  inputs: Inputs,
  fresh: { key: Reader; value: Reader },
  tokens: number,
  headDim: number,
  groups: number,
): Cache {
  const [batch] = operand(inputs, 0).shape as readonly [number]
  const past = (index: number): ReferenceTensor | undefined => inputs[index]
  const last = operand(inputs, 5).data
  const length = Math.max(operand(inputs, 6).data[0]!, past(3)?.shape[2] ?? 0)
  const joinUp = (
    old: ReferenceTensor | undefined,
    added: Reader,
    scale: Reader,
    quantised: boolean,
  ): ReferenceTensor => {
    const readOld = old ? broadcastReader(old) : () => 0
    const dtype = old?.dtype ?? (quantised ? 'int8' : operand(inputs, 0).dtype)
    return build(dtype, [batch, groups, length, headDim], (index) => {
      const [b, g, at, d] = index as readonly [number, number, number, number]
      const start = old ? last[b]! + 1 - tokens : 0
      if (at < start) return readOld(index)
      if (at >= start + tokens) return 0
      const value = added([b, g, at - start, d])
      return quantised ? Math.min(Math.max(roundHalfToEven(value / scale(index)), -128), 127) : value
    })
  }
  const [keyScale, valueScale] = [cacheScale(inputs[12]), cacheScale(inputs[13])]
  const key = joinUp(past(3), fresh.key, keyScale, inputs[12] !== undefined)
  const value = joinUp(past(4), fresh.value, valueScale, inputs[13] !== undefined)
  const [readKey, readValue] = [broadcastReader(key), broadcastReader(value)]
  return {
    key,
    value,
    readKey: (index) => readKey(index) * keyScale(index),
    readValue: (index) => readValue(index) * valueScale(index),
  }
}

interface Heads {
  readonly query: Reader
  readonly key: Reader
  readonly value: Reader
  readonly headDim: number
}

/** Queries, keys and values of the new tokens by head, rotated where the attributes say so. */
function newHeads(inputs: Inputs, attributes: GroupQueryAttentionAttributes): Heads {
  const { numHeads, kvHeads, rotary, rotaryInterleaved } = attributes
  const query = operand(inputs, 0)
  const [, tokens, size] = query.shape as readonly [number, number, number]
  const packed = inputs[1] === undefined
  const headDim = size / (packed ? numHeads + 2 * kvHeads : numHeads)
  const plain = {
    query: headReader(query, headDim),
    key: packed ? headReader(query, headDim, numHeads * headDim) : headReader(operand(inputs, 1), headDim),
    value: packed
      ? headReader(query, headDim, (numHeads + kvHeads) * headDim)
      : headReader(operand(inputs, 2), headDim),
    headDim,
  }
  if (!rotary) return plain
  const [cos, sin] = [operand(inputs, 7), operand(inputs, 8)]
  const half = cos.shape[1]!
  const last = operand(inputs, 5).data
  const position = (b: number, t: number): number =>
    inputs[9]?.data[b * tokens + t] ?? (inputs[3] ? last[b]! + 1 - tokens + t : t)
  const rotated =
    (read: Reader): Reader =>
    ([b, head, t, d]) => {
      const row = position(b!, t!) * half
      const angle = (j: number): [number, number] => [cos.data[row + j]!, sin.data[row + j]!]
      return rotate((at) => read([b!, head!, t!, at]), d!, half, rotaryInterleaved, angle)
    }
  return { ...plain, query: rotated(plain.query), key: rotated(plain.key) }
}

/** The keys that a query may see: from the start (included) to the end (excluded). */
function visibleKeys(
  inputs: Inputs,
  attributes: GroupQueryAttentionAttributes,
  b: number,
  t: number,
): [number, number] {
  const tokens = operand(inputs, 0).shape[1]!
  const last = operand(inputs, 5).data[b]!
  const own = inputs[3] ? last + 1 - tokens + t : t
  const { causal, localWindow } = attributes
  return [localWindow >= 0 ? Math.max(0, own + 1 - localWindow) : 0, causal ? own + 1 : last + 1]
}

/** Attention of each query to the keys that it may see. */
function groupQueryAttention(inputs: Inputs, attributes: GroupQueryAttentionAttributes): readonly ReferenceTensor[] {
  const { numHeads, kvHeads, softcap, smoothSoftmax, scores: wanted } = attributes
  const query = operand(inputs, 0)
  const [batch, tokens] = query.shape as readonly [number, number]
  const heads = newHeads(inputs, attributes)
  const { headDim } = heads
  const cache = extendCache(inputs, heads, tokens, headDim, kvHeads)
  const scale = attributes.scale ?? headDim ** -0.5
  const bias = inputs[10] ? broadcastReader(inputs[10]) : () => 0
  const total = operand(inputs, 6).data[0]!
  const score = (b: number, head: number, t: number, s: number): number => {
    const g = Math.floor(head / (numHeads / kvHeads))
    let dot = 0
    for (let d = 0; d < headDim; d += 1) dot += heads.query([b, head, t, d]) * cache.readKey([b, g, s, d])
    const capped = softcap === 0 ? dot * scale : softcap * Math.tanh((dot * scale) / softcap)
    return capped + bias([b, head, t, s])
  }
  const output = new Float64Array(batch * tokens * numHeads * headDim)
  const shown = new Float64Array(batch * numHeads * tokens * total)
  forEachIndex([batch, numHeads, tokens], ([b, head, t], row) => {
    const g = Math.floor(head! / (numHeads / kvHeads))
    const [start, end] = visibleKeys(inputs, attributes, b!, t!)
    const scores = Array.from({ length: end - start }, (_, at) => score(b!, head!, t!, start + at))
    const extra = [...(smoothSoftmax ? [0] : []), ...(inputs[11] ? [inputs[11].data[head!]!] : [])]
    const weights = probabilities(scores, extra)
    shown.set(wanted === 'before-softmax' ? scores : weights, row * total + start)
    for (let d = 0; d < headDim; d += 1) {
      const mixed = weights.reduce((sum, weight, at) => sum + weight * cache.readValue([b!, g, start + at, d]), 0)
      output[((b! * tokens + t!) * numHeads + head!) * headDim + d] = mixed
    }
  })
  const { dtype } = query
  const results = [{ dtype, shape: [batch, tokens, numHeads * headDim], data: output }, cache.key, cache.value]
  return wanted === 'none' ? results : [...results, { dtype, shape: [batch, numHeads, tokens, total], data: shown }]
}

/** Keys or values as [b, head, s, d], from three or four dimensions. */
function keyReader(x: ReferenceTensor, headDim: number): { read: Reader; length: number } {
  if (x.shape.length === 3) return { read: headReader(x, headDim), length: x.shape[1]! }
  return { read: broadcastReader(x), length: x.shape[2]! }
}

/** Exact attention ops. */
export const attentionReference = {
  groupQueryAttention,
  multiHeadAttention: (inputs, { numHeads, scale: scaleGiven, causal }) => {
    const [query, key, value] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)]
    const [batch, tokens, size] = query.shape as readonly [number, number, number]
    const headDim = size / numHeads
    const valueDim = value.shape.length === 3 ? value.shape[2]! / numHeads : value.shape[3]!
    const [readQuery, keys, values] = [headReader(query, headDim), keyReader(key, headDim), keyReader(value, valueDim)]
    const bias = inputs[3] ? broadcastReader(inputs[3]) : () => 0
    const weightsOf = (b: number, head: number, t: number): number[] => {
      const scores = Array.from({ length: causal ? Math.min(t + 1, keys.length) : keys.length }, (_, s) => {
        let dot = 0
        for (let d = 0; d < headDim; d += 1) dot += readQuery([b, head, t, d]) * keys.read([b, head, s, d])
        return dot * (scaleGiven ?? headDim ** -0.5) + bias([b, head, t, s])
      })
      return probabilities(scores, [])
    }
    return [
      build(query.dtype, [batch, tokens, numHeads * valueDim], ([b, t, at]) => {
        const [head, d] = [Math.floor(at! / valueDim), at! % valueDim]
        return weightsOf(b!, head, t!).reduce((sum, weight, s) => sum + weight * values.read([b!, head, s, d]), 0)
      }),
    ]
  },
  rotaryEmbedding: (inputs, { interleaved, numHeads }) => {
    const [x, cos, sin] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)]
    const flat = x.shape.length === 3
    const headDim = flat ? x.shape[2]! / numHeads : x.shape[3]!
    const [tokens, half] = [cos.shape[1]!, cos.shape[2]!]
    const read = broadcastReader(x)
    return [
      build(x.dtype, x.shape, (index) => {
        const row = (index[0]! * tokens + index[index.length - 2]!) * half
        const last = index.at(-1)!
        const lead = index.slice(0, -1)
        const from = last - (last % headDim)
        const angle = (j: number): [number, number] => [cos.data[row + j]!, sin.data[row + j]!]
        return rotate((d) => read([...lead, from + d]), last % headDim, half, interleaved, angle)
      }),
    ]
  },
} satisfies Pick<ReferenceKernels, keyof AttentionOps>
