/**
 * @file AdaKV: the slots of a layer are shared out over its heads by one ranking, so that heads with spread-out attention
 * get more. Two published blends with a uniform share differ; both are here, named for their codes.
 *
 * Source: Feng et al., "Ada-KV" (2024); FFY0/AdaKV (`official`) and NVIDIA/kvpress (`exact`).
 */
import { countAmongBest } from './count-among-best.ts'

/** Rounds half to even, as PyTorch and NumPy do. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  const fraction = value - floor
  if (fraction !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

/**
 * The official blend: `round(n * (1 - alpha) + floor(budget * alpha))` slots for a head that holds `n` of the layer's best
 * `heads * budget`. Rounding can miss the total by a few slots.
 *
 * @param scores one array per head, protected slots left out
 * @param budget mean slots per head
 * @param alpha share that is uniform; 1 is uniform, 0 follows the ranking alone
 */
export function adaptiveBudgetsOfficial(scores: readonly Float32Array[], budget: number, alpha: number): Uint32Array {
  const counts = countAmongBest(scores, scores.length * budget)
  return counts.map((n) => roundHalfToEven(n * (1 - alpha) + Math.floor(budget * alpha + 1e-9)))
}

/**
 * The exact blend: each head's best `floor(budget * alpha)` slots are safe, the rest of `heads * budget` goes to the best
 * of all others. The total is always `heads * budget` (less where there are not as many slots).
 */
export function adaptiveBudgetsExact(scores: readonly Float32Array[], budget: number, alpha: number): Uint32Array {
  const safe = Math.floor(budget * alpha + 1e-9)
  const counts = Uint32Array.from(scores, (row) => Math.min(safe, row.length))
  const contested = scores.map((row, head) =>
    row
      .slice()
      .sort()
      .subarray(0, row.length - counts[head]!),
  )
  const left = scores.length * budget - counts.reduce((sum, count) => sum + count, 0)
  const won = countAmongBest(contested, left)
  return counts.map((count, head) => count + won[head]!)
}
