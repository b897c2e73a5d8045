import type { ShareContext } from '../policy/scored-policy.ts'
import { countAmongBest } from './count-among-best.ts'

/**
 * One ranking over all layers and heads: the best candidates of the whole model stay, wherever they are. Ties go to the earlier
 * layer, head and slot. Source: Kim et al., "KVzip" (2025), level `pair`; there a strict threshold keeps a slot less.
 */
export function poolShare({ scores, mean }: ShareContext): Uint32Array[] {
  const heads = scores.flat()
  const counts = countAmongBest(heads, heads.length * mean)
  let first = 0
  return scores.map((layer) => {
    first += layer.length
    return counts.subarray(first - layer.length, first)
  })
}
