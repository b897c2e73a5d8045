import type { ShareContext } from '../policy/scored-policy.ts'

/**
 * One ranking over all layers and heads: the best candidates of the whole model stay, wherever they are. Ties go to the earlier
 * layer, head and slot. Source: Kim et al., "KVzip" (2025), level `pair`; there a strict threshold keeps a slot less.
 */
export function poolShare({ scores, mean }: ShareContext): Uint32Array[] {
  const heads = scores.flat()
  const all = new Float32Array(heads.reduce((sum, head) => sum + head.length, 0))
  let offset = 0
  for (const head of heads) {
    all.set(head, offset)
    offset += head.length
  }
  const wanted = Math.min(all.length, Math.max(0, heads.length * mean))
  const threshold = all.sort()[all.length - wanted] ?? Number.POSITIVE_INFINITY
  let ties =
    wanted - heads.reduce((sum, head) => sum + head.reduce((n, score) => n + (score > threshold ? 1 : 0), 0), 0)
  return scores.map((layer) =>
    Uint32Array.from(layer, (head) => {
      let count = 0
      for (const score of head) {
        if (score > threshold) count++
        else if (score === threshold && ties > 0) {
          count++
          ties--
        }
      }
      return count
    }),
  )
}
