import { subtract } from '../ops/elementwise.ts'
import { gatherElements } from '../ops/gather.ts'
import type { Value } from '../value.ts'
import { logSumExp } from './softmax.ts'

/** Log-probabilities of targets: logits [..., V], targets int64 [..., 1] gives [..., 1], without the softmax of all V. */
export function logProbHead(logits: Value, targets: Value): Value {
  return subtract(gatherElements(logits, targets), logSumExp(logits))
}
