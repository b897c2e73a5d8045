/**
 * @file Real scaled dot-product attention (Vaswani et al. 2017, eq. 1) over fixed pseudo-random token vectors: a token
 * attends to earlier tokens like itself (layer 0) or like the one before it (layer 1, as induction heads do).
 */
import type { Attender, AttendRequest, AttendResult, TokenRange } from '../capability/attender.ts'
import type { CallOptions } from '../capability/call-options.ts'
import type { Tokenizer } from '../capability/tokenizer.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'
import { hashedVector } from './hashed-vector.ts'
import { idsOf, KeptIds } from './kept-ids.ts'

const layerCount = 2
const headCount = 2
const headDim = 32
/** Attention to equal tokens relative to others: exp(8). */
const sharpness = 8

/** An attender over the tokens of a tokenizer, with 2 layers of 2 heads. */
export function lookupAttender(tokenizer: Tokenizer): Attender {
  return {
    id: 'lookup-attention',
    async attend(request: AttendRequest, { signal }: CallOptions = {}) {
      signal?.throwIfAborted()
      const { input } = request
      const ids = input instanceof KeptIds ? input.ids : idsOf(tokenizer, input as string | ArrayLike<number>)
      const queries = checkRange(request.queries, 'queries', ids.length)
      const keys = checkRange(request.keys ?? { from: 0, to: ids.length }, 'keys', ids.length)
      const last = checkInteger(request.untilLayer ?? layerCount - 1, 'untilLayer', { min: 0, max: layerCount - 1 })
      const layers = request.layers ?? Array.from({ length: last + 1 }, (_, layer) => layer)
      for (const layer of layers) checkInteger(layer, 'layers', { min: 0, max: last })
      return reduceAll(
        layers.map((layer) => heads(ids, layer, queries, keys)),
        request,
        keys.to - keys.from,
      )
    },
  }
}

/** `[H][T][S]`: the attention of the query rows, normalised over all earlier tokens, cut to the keys. */
function heads(ids: readonly number[], layer: number, queries: TokenRange, keys: TokenRange): Float64Array[][] {
  return Array.from({ length: headCount }, (_, head) => {
    const vector = (position: number): Float32Array =>
      hashedVector(position < 0 ? 'start' : `${head}:${ids[position]}`, headDim)
    const rows: Float64Array[] = []
    for (let query = queries.from; query < queries.to; query++) {
      const weights = new Float64Array(ids.length)
      let total = 0
      for (let key = 0; key <= query; key++) {
        weights[key] = Math.exp(sharpness * dot(vector(query), vector(key - layer)))
        total += weights[key]!
      }
      rows.push(weights.map((weight) => weight / total).subarray(keys.from, keys.to))
    }
    return rows
  })
}

function reduceAll(layers: readonly Float64Array[][][], request: AttendRequest, keyCount: number): AttendResult {
  const { heads: headRule = 'mean', rows: rowRule = 'mean' } = request
  const shape = [layers.length]
  const data: number[] = []
  for (const layer of layers)
    for (const rows of headRule === 'each' ? layer : [reduceHeads(layer, headRule)])
      for (const row of rowRule === 'each' ? rows : [combine(rows, rowRule)]) data.push(...row)
  if (headRule === 'each') shape.push(headCount)
  if (rowRule === 'each') shape.push(request.queries.to - request.queries.from)
  return { shape: [...shape, keyCount], data: Float32Array.from(data) }
}

function reduceHeads(layer: readonly Float64Array[][], rule: 'mean' | 'max'): Float64Array[] {
  return layer[0]!.map((_, row) =>
    combine(
      layer.map((rows) => rows[row]!),
      rule,
    ),
  )
}

function combine(rows: readonly Float64Array[], rule: 'mean' | 'max' | 'weighted'): Float64Array {
  return rows[0]!.map((_, key) => {
    const values = rows.map((row) => row[key]!)
    if (rule === 'max') return Math.max(...values)
    const weights = values.map((_, index) => (rule === 'weighted' ? index + 1 : 1))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return values.reduce((sum, value, index) => sum + (value * weights[index]!) / total, 0)
  })
}

function checkRange(range: TokenRange, argument: string, length: number): TokenRange {
  const { from, to } = range
  const valid = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= length
  checkArgument(valid, argument, `${from}-${to}`, `a non-empty range within 0-${length}`)
  return range
}

function dot(first: Float32Array, second: Float32Array): number {
  let sum = 0
  for (let index = 0; index < first.length; index++) sum += first[index]! * second[index]!
  return sum
}
