/** @file Attention of a chunk of tokens, each over what it may see of the cache and of the chunk itself: a form for any choice of keys. */
import type { AttentionSite } from '@lc/core'
import {
  add,
  addDimensions,
  concat,
  fusedMatMul,
  matMul,
  reshape,
  softmax,
  transpose,
  unsqueeze,
  type Value,
} from '@lc/core/graph'
import { softCapped } from './joined-attention.ts'

/** The rows of a run by heads: T new tokens, one in a step. */
export interface NewRows {
  /** `[G, H/G, T, D]` */
  readonly queries: Value
  /** `[G, T, D]` */
  readonly keys: Value
  /** `[G, T, D]` */
  readonly values: Value
}

/** The new rows of an open chunk or of a step. */
export function newRows({ mode, config, query, key, value }: AttentionSite): NewRows {
  const { kvHeads, headDim, heads } = config
  if (mode === 'step')
    return { queries: unsqueeze(query, [2]), keys: key, values: reshape(value, [kvHeads, 1, headDim]) }
  const tokens = query.shape[1]!
  const byHead = (x: Value): Value => transpose(reshape(x, [tokens, kvHeads, headDim]), [1, 0, 2])
  const queries = transpose(reshape(query, [tokens, kvHeads, heads / kvHeads, headDim]), [1, 2, 0, 3])
  return { queries, keys: byHead(key), values: byHead(value) }
}

/** Scores of an open chunk, and the values that they are for. */
export interface OpenScores {
  /** `[G, H/G, T, C+T]`: scaled, soft-capped; what comes later and what is not in use is hidden. */
  readonly scores: Value
  /** `[G, 1, C+T, D]` */
  readonly values: Value
}

/** Scores of all keys for all tokens of an open chunk. */
export function openScores(site: AttentionSite, rows: NewRows): OpenScores {
  const { config, pastKey, pastValue } = site
  const [tokens, slots] = [rows.keys.shape[1]!, pastKey.shape[1]!]
  const keys = unsqueeze(concat([pastKey, rows.keys], { axis: 1 }), [1])
  const values = unsqueeze(concat([transpose(pastValue, [0, 2, 1]), rows.values], { axis: 1 }), [1])
  const scores = softCapped(site, fusedMatMul(rows.queries, keys, { transposeB: true, alpha: config.queryScale }))
  const bias = reshape(site.bias!, [config.kvHeads, 1, tokens, addDimensions(slots, tokens)])
  return { scores: add(scores, bias), values }
}

/** Outputs by head, `[G, H/G, T, D]`, of scores of an open chunk with a bias that hides more of the keys. */
export function openMix({ scores, values }: OpenScores, bias: Value): Value {
  return matMul(softmax(add(scores, bias)), values)
}

/** Outputs by head `[G, H/G, T, D]` as the layer takes them: `[1, T, H*D]`, in a step `[1, H*D]`. */
export function joinHeads({ mode, config }: AttentionSite, mixed: Value): Value {
  const width = config.heads * config.headDim
  if (mode === 'step') return reshape(mixed, [1, width])
  return reshape(transpose(mixed, [2, 0, 1, 3]), [1, mixed.shape[2]!, width])
}
