/**
 * @file AdaKV: the slots of a layer are shared out over its heads by one ranking, so that heads with spread-out attention
 * get more. Two published blends with a uniform share differ; both are here, named for their codes.
 *
 * Source: Feng et al., "Ada-KV" (2024); FFY0/AdaKV (`official`) and NVIDIA/kvpress (`exact`).
 */

/** Rounds half to even, as PyTorch and NumPy do. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  const fraction = value - floor
  if (fraction !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

interface Ranked {
  head: number
  score: number
  slot: number
}

function rankAll(scores: readonly Float32Array[]): Ranked[] {
  const ranked: Ranked[] = []
  for (const [head, row] of scores.entries()) {
    for (const [slot, score] of row.entries()) ranked.push({ head, score, slot })
  }
  return ranked.sort((a, b) => b.score - a.score || a.head - b.head || a.slot - b.slot)
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
  const counts = new Uint32Array(scores.length)
  for (const { head } of rankAll(scores).slice(0, scores.length * budget)) counts[head]!++
  return counts.map((n) => roundHalfToEven(n * (1 - alpha) + Math.floor(budget * alpha + 1e-9)))
}

/**
 * The exact blend: each head's best `floor(budget * alpha)` slots are safe, the rest of `heads * budget` goes to the best
 * of all others. The total is always `heads * budget` (less where there are not as many slots).
 */
export function adaptiveBudgetsExact(scores: readonly Float32Array[], budget: number, alpha: number): Uint32Array {
  const safe = Math.floor(budget * alpha + 1e-9)
  const counts = new Uint32Array(scores.length)
  const contested: Ranked[] = []
  const seen = new Uint32Array(scores.length)
  for (const entry of rankAll(scores)) {
    if (seen[entry.head]! < safe) {
      seen[entry.head]!++
      counts[entry.head]!++
    } else contested.push(entry)
  }
  let left = scores.length * budget
  for (const n of counts) left -= n
  for (const { head } of contested.slice(0, Math.max(0, left))) counts[head]!++
  return counts
}
