import { add, cast, divide, maximum, multiply, sqrt, subtract } from '../../graph/ops/elementwise.ts'
import { matMul } from '../../graph/ops/matmul.ts'
import { pad, shapeOf, slice, squeeze, unsqueeze } from '../../graph/ops/movement.ts'
import { reduceMax, reduceMean, reduceSum } from '../../graph/ops/reduction.ts'
import type { Value } from '../../graph/value.ts'

/** How the vectors of a text's tokens become one, as sentence-transformers names it. */
export type Pooling = 'mean' | 'cls' | 'last' | 'max' | 'mean-sqrt-length'

/**
 * One vector a text from its tokens [B, T, E]; `mask` [B, T] is 1 for tokens, 0 for padding on the right, and absent where no text is
 * padded. Gives [B, E].
 */
export function pool(states: Value, mask: Value | undefined, pooling: Pooling): Value {
  if (pooling === 'cls') return squeeze(slice(states, { axis: 1, start: 0, end: 1 }), [1])
  if (!mask) return poolAll(states, pooling)
  if (pooling === 'last') return weigh(states, lastToken(mask))
  if (pooling === 'max') {
    const lowered = add(states, unsqueeze(multiply(subtract(1, mask), -1e9), [2]))
    return reduceMax(lowered, { axes: [1], keepDims: false })
  }
  const count = maximum(reduceSum(mask), 1e-9)
  return divide(weigh(states, mask), pooling === 'mean' ? count : sqrt(count))
}

function poolAll(states: Value, pooling: Exclude<Pooling, 'cls'>): Value {
  const over = { axes: [1], keepDims: false }
  if (pooling === 'last') return squeeze(slice(states, { axis: 1, start: -1 }), [1])
  if (pooling === 'max') return reduceMax(states, over)
  const mean = reduceMean(states, over)
  if (pooling === 'mean') return mean
  const count = cast(shapeOf(states, { start: 1, end: 2 }), 'float32')
  return multiply(mean, sqrt(count))
}

/** Sum of the states, weighted per token. [B, E] */
function weigh(states: Value, weights: Value): Value {
  return squeeze(matMul(unsqueeze(weights, [1]), states), [1])
}

/** 1 at the last token of each text: a token whose right neighbour is padding or the end. [B, T] */
function lastToken(mask: Value): Value {
  const next = slice(pad(mask, { before: [0, 0], after: [0, 1] }), { axis: 1, start: 1 })
  return subtract(mask, next)
}
