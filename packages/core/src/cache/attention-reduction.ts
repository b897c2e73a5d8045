/** @file A small graph without weights: attention probabilities of queries over keys, reduced before they are read. */
import { multiplyDimensions } from '../graph/dimension.ts'
import { Graph } from '../graph/graph.ts'
import { add, divide, multiply, tanh } from '../graph/ops/elementwise.ts'
import { fusedMatMul } from '../graph/ops/matmul.ts'
import { reshape, transpose, unsqueeze } from '../graph/ops/movement.ts'
import { reduceMax, reduceMean, reduceSum, softmax } from '../graph/ops/reduction.ts'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'

/** How rows of queries are reduced; `weighted` is linear, later rows more. */
export type RowReduction = 'each' | 'mean' | 'max' | 'weighted'

/** What a graph computes. */
export interface ReductionForm {
  readonly rows: RowReduction
  /** Reduced only where rows are not. */
  readonly heads: 'each' | 'mean' | 'max'
  /** Whether all heads see the same slots: the bias is `[R, C]` then, otherwise `[G, R, C]`. */
  readonly alike: boolean
}

/**
 * Queries `[R, H*D]`, keys `[G, C, D]`, bias, for weighted rows weights `[R, 1]`. Gives `attention`: `[H, C]`, the largest of the rows
 * or their (weighted) sum; rows apart `[H, R, C]` or, with heads reduced, `[R, C]`.
 */
export function reductionGraph(config: DecoderConfig, { rows, heads, alike }: ReductionForm): Graph {
  const { kvHeads, headDim } = config
  const group = config.heads / kvHeads
  const graph = new Graph('attention reduction')
  const queries = graph.input('queries', 'float32', ['R', config.heads * headDim])
  const keys = graph.input('keys', 'float32', [kvHeads, 'C', headDim])
  const bias = graph.input('bias', 'float32', alike ? ['R', 'C'] : [kvHeads, 'R', 'C'])
  const byHead = transpose(reshape(queries, ['R', kvHeads, group, headDim]), [1, 2, 0, 3])
  // the heads of a group are rows of one product: keys are read once for them
  const rowsOfGroup = reshape(byHead, [kvHeads, multiplyDimensions(group, 'R'), headDim])
  const products = fusedMatMul(rowsOfGroup, keys, { transposeB: true, alpha: config.queryScale })
  let scores = reshape(products, [kvHeads, group, 'R', 'C'])
  const cap = config.attentionSoftcap
  if (cap) scores = multiply(tanh(divide(scores, cap)), cap)
  const probabilities = softmax(add(scores, alike ? bias : unsqueeze(bias, [1])))
  if (rows === 'each') {
    const [axes, keepDims] = [[0, 1], false]
    if (heads === 'mean') graph.output('attention', reduceMean(probabilities, { axes, keepDims }))
    else if (heads === 'max') graph.output('attention', reduceMax(probabilities, { axes, keepDims }))
    else graph.output('attention', probabilities)
    return graph
  }
  const options = { axes: [2], keepDims: false }
  if (rows === 'max') graph.output('attention', reduceMax(probabilities, options))
  else if (rows === 'mean') graph.output('attention', reduceSum(probabilities, options))
  else {
    const weights = graph.input('weights', 'float32', ['R', 1])
    graph.output('attention', reduceSum(multiply(probabilities, weights), options))
  }
  return graph
}
