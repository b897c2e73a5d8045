import type { Accuracy, CallOptions } from '@lc/model'
import type { RopeTables } from '../models/rope/rope-tables.ts'
import { chunkTokens, type DecoderRunner } from './decoder-runner.ts'
import type { KvCache } from './kv-cache.ts'

/** Tokens to run on a cache. */
export interface FeedRequest extends CallOptions {
  readonly cache: KvCache
  readonly ids: ArrayLike<number>
  readonly accuracy: Accuracy
  readonly ropes: RopeTables
  /** Hidden states after the final norm are given for tokens from here on; missing: none. */
  readonly hiddenFrom?: number
  /** Whether the last chunk goes into the cache too. Defaults to true. */
  readonly keepLast?: boolean
  /** Called after each chunk that went into the cache. */
  readonly afterChunk?: (done: number) => Promise<void> | void
}

/** Runs tokens in chunks; an abort is seen after each. Gives the hidden states asked for, `[rows, E]`. */
export async function feedTokens(runner: DecoderRunner, request: FeedRequest): Promise<Float32Array> {
  const { cache, ids, hiddenFrom = ids.length, keepLast = true, signal, onProgress } = request
  const width = runner.config.hiddenSize
  const hidden = new Float32Array((ids.length - hiddenFrom) * width)
  if (keepLast) cache.reserve(cache.length + ids.length)
  for (let start = 0; start < ids.length; ) {
    signal?.throwIfAborted()
    const end = Math.min(ids.length, start + chunkTokens[runner.modeFor(cache)])
    const wanted = end > hiddenFrom
    const append = keepLast || end < ids.length
    if (append || wanted) {
      const outputs = await runner.runChunk({
        ...request,
        ids: sliced(ids, start, end),
        append,
        fetches: wanted ? ['hidden'] : [],
      })
      if (wanted) {
        const from = Math.max(start, hiddenFrom)
        const rows = (outputs.hidden!.data as Float32Array).subarray((from - start) * width)
        hidden.set(rows, (from - hiddenFrom) * width)
      }
      if (append) await request.afterChunk?.(end)
    }
    onProgress?.({ type: 'progress', operation: 'prefill', done: end, total: ids.length, unit: 'tokens' })
    start = end
  }
  return hidden
}

function sliced(ids: ArrayLike<number>, start: number, end: number): Uint32Array {
  const part = new Uint32Array(end - start)
  for (let index = 0; index < part.length; index++) part[index] = ids[start + index]!
  return part
}
