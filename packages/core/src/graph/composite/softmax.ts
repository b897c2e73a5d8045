import { add, exp, log, subtract } from '../ops/elementwise.ts'
import { reduceMax, reduceSum } from '../ops/reduction.ts'
import type { Value } from '../value.ts'

/**
 * Logarithm of the sum of exponentials over the last dimension, which stays with size 1. Built from plain reductions: on the CPU
 * provider they are several times faster than the one fused reduction.
 */
export function logSumExp(x: Value): Value {
  const largest = reduceMax(x)
  return add(log(reduceSum(exp(subtract(x, largest)))), largest)
}
