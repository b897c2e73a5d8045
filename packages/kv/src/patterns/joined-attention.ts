/** @file Attention of a step over chosen parts of the cache and the new token itself, under one softmax. */
import type { AttentionSite } from '@lc/core'
import {
  add,
  concat,
  divide,
  fusedMatMul,
  matMul,
  multiply,
  reshape,
  slice,
  softmax,
  tanh,
  transpose,
  type Value,
} from '@lc/core/graph'

/** A part of the cache that a step attends over: N keys per head. */
export interface AttendedPart {
  /** `[G, H/G, N]`: scaled, soft-capped, with what hides slots added. */
  readonly scores: Value
  /** `[G, N, D]` */
  readonly values: Value
}

/** What attention of a step needs of its site: queries `[G, H/G, D]`, and the key and the value of the new token. */
export type StepRows = Pick<AttentionSite, 'config' | 'query' | 'key' | 'value'>

/** Scores of keys `[G, N, D]` for the queries of a step, with a bias `[G, 1, N]` added. */
export function scoresOf(site: StepRows, keys: Value, bias: Value): Value {
  // keys times queries: the order that a row of queries is multiplied fastest in
  const product = fusedMatMul(keys, site.query, { transposeB: true, alpha: site.config.queryScale })
  return add(transpose(softCapped(site, product), [0, 2, 1]), bias)
}

/** The weights of a step: `[G, H/G, N + 1]`, the new token's last; `ownBias` `[G, 1, 1]` is added to its score. */
export function joinedWeights(site: StepRows, scores: readonly Value[], ownBias?: Value): Value {
  const { config, query, key } = site
  const own = softCapped(site, fusedMatMul(query, key, { transposeB: true, alpha: config.queryScale }))
  return softmax(concat([...scores, ownBias ? add(own, ownBias) : own]))
}

/** The output of a step, `[1, H*D]`. The order of keys and of parts does not matter. */
export function joinedAttention(
  site: StepRows,
  parts: readonly AttendedPart[],
  weights: Value = joinedWeights(
    site,
    parts.map((part) => part.scores),
  ),
): Value {
  const { config, value } = site
  const values =
    parts.length === 1
      ? parts[0]!.values
      : concat(
          parts.map((part) => part.values),
          { axis: 1 },
        )
  const mixed = add(
    matMul(slice(weights, { axis: -1, start: 0, end: -1 }), values),
    matMul(slice(weights, { axis: -1, start: -1 }), reshape(value, [config.kvHeads, 1, config.headDim])),
  )
  return reshape(mixed, [1, config.heads * config.headDim])
}

/** The output of a step over gathered slots of each head: keys and values `[G, N, D]`, and their bias `[G, 1, N]`. */
export function slotAttention(
  site: StepRows,
  { keys, values, bias }: { readonly keys: Value; readonly values: Value; readonly bias: Value },
): Value {
  return joinedAttention(site, [{ scores: scoresOf(site, keys, bias), values }])
}

/** Scores through the model's cap, where it has one. */
export function softCapped(site: Pick<AttentionSite, 'config'>, scores: Value): Value {
  const cap = site.config.attentionSoftcap
  return cap ? multiply(tanh(divide(scores, cap)), cap) : scores
}
