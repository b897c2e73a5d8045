import type { CacheEvent } from '@lc/core'
import { perHead } from './head-rows.ts'

/** Attention columns that were asked for under an id, cut to the slots in use. */
export function columnsOf(event: CacheEvent, id: string): Float32Array[][] {
  const { cache, observations } = event
  return perHead(cache, (layer, head) =>
    observations.columns(id, layer)[head]!.subarray(0, cache.lengthOf(layer, head)),
  )
}
