/** @file Attention with near and far scores: near keys at their own positions, far ones at grouped positions, one softmax over both. */
import type { AttentionSite } from '@lc/core'
import {
  add,
  concat,
  divide,
  fusedMatMul,
  greater,
  multiply,
  reshape,
  slice,
  softmax,
  subtract,
  tanh,
  transpose,
  unsqueeze,
  type Value,
  where,
} from '@lc/core/graph'
import { InternalError } from '@lc/model/errors'

/** Rows of shifts, `[G, N, R/2]`. */
interface Turn {
  readonly cos: Value
  readonly sin: Value
}

/** Attention of a chunk or a step: `[1, T, H*D]`, in a step `[1, H*D]`. */
export function twoRegimeAttention(site: AttentionSite, half: number): Value {
  const { config, mode, pastKey, pastValue, bias } = site
  if (!bias) throw new InternalError({ invariant: `${mode} attention has a bias as input` })
  const { kvHeads, headDim, heads } = config
  const step = mode === 'step'
  const tokens = step ? 1 : site.query.shape[1]!
  const group = heads / kvHeads
  const byHead = (x: Value) => transpose(reshape(x, [tokens, kvHeads, headDim]), [1, 0, 2])
  const queries = step
    ? unsqueeze(site.query, [2])
    : transpose(reshape(site.query, [tokens, kvHeads, group, headDim]), [1, 2, 0, 3])
  const keys = concat([pastKey, step ? site.key : byHead(site.key)], { axis: 1 })
  const newValues = step ? reshape(site.value, [kvHeads, 1, headDim]) : byHead(site.value)
  const values = unsqueeze(concat([transpose(pastValue, [0, 2, 1]), newValues], { axis: 1 }), [1])
  const slots = pastKey.shape[1]!
  const turnOf = (name: string, count: typeof slots): Turn => {
    const rows = (part: string) => transpose(site.input(`${name}${part}`, 'float32', [count, kvHeads, half]), [1, 0, 2])
    return { cos: rows('Cos'), sin: rows('Sin') }
  }
  const [past, own, query] = [turnOf('farKey', slots), turnOf('farNewKey', tokens), turnOf('farQuery', tokens)]
  const keyTurn: Turn = { cos: concat([past.cos, own.cos], { axis: 1 }), sin: concat([past.sin, own.sin], { axis: 1 }) }
  const queryTurn: Turn = { cos: unsqueeze(query.cos, [1]), sin: unsqueeze(query.sin, [1]) }
  const near = scoresOf(site, queries, keys)
  const far = scoresOf(site, turned(queries, queryTurn, half, headDim), turned(keys, keyTurn, half, headDim))
  const distances = site.input('distances', 'float32', [kvHeads, 1, tokens, keys.shape[1]!])
  const limit = site.input('window', 'float32', [1])
  const scores = where(greater(limit, distances), near, far)
  const visible = step ? concat([bias, multiply(slice(bias, { axis: -1, start: 0, end: 1 }), 0)]) : bias
  const weights = softmax(add(scores, unsqueeze(visible, [1])))
  const mixed = fusedMatMul(weights, values)
  return reshape(transpose(mixed, [2, 0, 1, 3]), step ? [1, heads * headDim] : [1, tokens, heads * headDim])
}

function scoresOf(site: AttentionSite, queries: Value, keys: Value): Value {
  const { attentionSoftcap: cap, queryScale } = site.config
  const product = fusedMatMul(queries, unsqueeze(keys, [1]), { transposeB: true, alpha: queryScale })
  return cap ? multiply(tanh(divide(product, cap)), cap) : product
}

/** Rotates pairs (i, i + R/2) of the last axis. */
function turned(x: Value, { cos, sin }: Turn, half: number, headDim: number): Value {
  const first = slice(x, { axis: -1, start: 0, end: half })
  const second = slice(x, { axis: -1, start: half, end: 2 * half })
  const parts = [
    subtract(multiply(first, cos), multiply(second, sin)),
    add(multiply(second, cos), multiply(first, sin)),
  ]
  if (2 * half < headDim) parts.push(slice(x, { axis: -1, start: 2 * half, end: headDim }))
  return concat(parts)
}
