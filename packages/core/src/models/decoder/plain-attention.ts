/** @file Attention over everything that the bias leaves visible, for each mode of a run. */
import { InternalError } from '@lc/model/errors'
import { fourBitMix, fourBitScores } from '../../graph/composite/four-bit-cache.ts'
import { quantisedMix, quantisedScores } from '../../graph/composite/quantised-cache.ts'
import { addDimensions } from '../../graph/dimension.ts'
import { groupQueryAttention } from '../../graph/ops/attention.ts'
import { add, divide, multiply, tanh } from '../../graph/ops/elementwise.ts'
import { fusedMatMul } from '../../graph/ops/matmul.ts'
import { concat, reshape, slice, transpose, unsqueeze } from '../../graph/ops/movement.ts'
import { softmax } from '../../graph/ops/reduction.ts'
import type { Value } from '../../graph/value.ts'
import type { AttentionSite } from './attention-site.ts'

/** Plain attention: `[B, T, H*D]`, in a step `[1, H*D]`. */
export function plainAttention(site: AttentionSite): Value {
  if (site.mode === 'fused') return fusedAttention(site)
  return site.mode === 'open' ? openAttention(site) : stepAttention(site)
}

function fusedAttention(site: AttentionSite): Value {
  const { config, lastIndex, totalLength, query, key, value, pastKey, pastValue } = site
  if (!lastIndex || !totalLength) throw new InternalError({ invariant: 'fused attention has its lengths as inputs' })
  const { output } = groupQueryAttention(
    { query, key, value, pastKey, pastValue: transpose(pastValue, [0, 1, 3, 2]), lastIndex, totalLength },
    {
      numHeads: config.heads,
      kvHeads: config.kvHeads,
      scale: config.queryScale,
      softcap: config.attentionSoftcap ?? 0,
      localWindow: site.window ?? -1,
      // longer than the past alone when the new tokens go beyond the buffer
      presentLength: 'N',
    },
  )
  return output
}

function openAttention(site: AttentionSite): Value {
  const { config, query, key, value, pastKey, pastValue } = site
  const [tokens, slots] = [query.shape[1]!, pastKey.shape[1]!]
  const { kvHeads, headDim, heads } = config
  const group = heads / kvHeads
  const all = addDimensions(slots, tokens)
  const queries = transpose(reshape(query, [tokens, kvHeads, group, headDim]), [1, 2, 0, 3])
  const newKeys = transpose(reshape(key, [tokens, kvHeads, headDim]), [1, 0, 2])
  const newValues = transpose(reshape(value, [tokens, kvHeads, headDim]), [1, 2, 0])
  // [G, 1, S, D] and [G, 1, D, S]: the heads of a group share them
  const keys = unsqueeze(concat([pastKey, newKeys], { axis: 1 }), [1])
  const values = unsqueeze(concat([pastValue, newValues], { axis: 2 }), [1])
  const scores = softCapped(site, fusedMatMul(queries, keys, { transposeB: true, alpha: config.queryScale }))
  const weights = softmax(add(scores, reshape(need(site), [kvHeads, 1, tokens, all])))
  const mixed = fusedMatMul(weights, values, { transposeB: true })
  return reshape(transpose(mixed, [2, 0, 1, 3]), [1, tokens, heads * headDim])
}

function stepAttention(site: AttentionSite): Value {
  const { config, query, key, past } = site
  const own = softCapped(site, fusedMatMul(query, key, { transposeB: true, alpha: config.queryScale }))
  const scores = softCapped(
    site,
    past?.layout === 'ragged' ? byHead(site, pastScores(site, flat(site, query))) : pastScores(site, query),
  )
  const weights = softmax(concat([add(scores, need(site)), own]))
  const pastWeights = slice(weights, { axis: -1, start: 0, end: -1 })
  // values of one token: [G, D, 1] is [G, 1, D] transposed
  const ownMixed = fusedMatMul(slice(weights, { axis: -1, start: -1 }), site.value, { transposeB: true })
  const mixed =
    past?.layout === 'ragged' ? byHead(site, pastMix(site, flat(site, pastWeights))) : pastMix(site, pastWeights)
  return reshape(add(mixed, ownMixed), [1, config.heads * config.headDim])
}

/** Scores of rows of queries `[G, R, D]` against the cache, `[G, R, C]`. Float32: keys times queries, which is read fastest. */
function pastScores(site: AttentionSite, rows: Value): Value {
  const { config, past } = site
  if (past?.fourBit) return fourBitScores(multiply(rows, config.queryScale), past.fourBit)
  if (past?.quantised) return quantisedScores(rows, past.quantised.keys, config.queryScale)
  return transpose(fusedMatMul(site.pastKey, rows, { transposeB: true, alpha: config.queryScale }), [0, 2, 1])
}

/** Cached values mixed by weights `[G, R, C]`, `[G, R, D]`. Float32: transposed values times weights. */
function pastMix(site: AttentionSite, weights: Value): Value {
  const { past } = site
  if (past?.fourBit) return fourBitMix(weights, past.fourBit)
  if (past?.quantised) return quantisedMix(weights, past.quantised.values, Number(weights.shape[1]))
  return transpose(fusedMatMul(site.pastValue, weights, { transposeB: true }), [0, 2, 1])
}

/**
 * All query heads as rows of the one head that a ragged cache is given as. Each row meets the slots of all heads: products of so few
 * rows take the time of reading the cache, however many rows there are, and the bias takes away what is not its own.
 */
function flat({ config }: AttentionSite, x: Value): Value {
  return reshape(x, [1, config.heads, x.shape[2]!])
}

function byHead({ config }: AttentionSite, x: Value): Value {
  return reshape(x, [config.kvHeads, config.heads / config.kvHeads, x.shape[2]!])
}

function softCapped(site: AttentionSite, scores: Value): Value {
  const cap = site.config.attentionSoftcap
  return cap ? multiply(tanh(divide(scores, cap)), cap) : scores
}

function need(site: AttentionSite): Value {
  if (site.bias) return site.bias
  throw new InternalError({ invariant: `${site.mode} attention has a bias as input` })
}
