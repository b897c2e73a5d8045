import type { CallOptions } from '@lc/model'
import type { Observations } from '../../cache/cache-policy.ts'
import { chunkTokens } from '../../cache/decoder-runner.ts'
import type { KvCache } from '../../cache/kv-cache.ts'
import type { Observer } from '../../cache/observer.ts'
import type { RopeTables } from '../../models/rope/rope-tables.ts'
import type { SessionHost } from './session-host.ts'

/** Tokens that are run only for what their queries see. */
export interface ObserveAheadWork {
  readonly runner: SessionHost['runner']
  readonly cache: KvCache
  readonly ids: readonly number[]
  readonly accuracy: 'exact' | 'fast'
  readonly ropes: RopeTables
  readonly observer: Observer
}

/** Runs tokens on a copy of the cache, which is dropped, and gives what was observed. */
export async function observeAhead(work: ObserveAheadWork, options: CallOptions): Promise<Observations> {
  const { runner, ids, accuracy, ropes, observer } = work
  const cache = work.cache.fork()
  try {
    cache.reserve(cache.length + ids.length)
    for (let start = 0; start < ids.length; ) {
      options.signal?.throwIfAborted()
      const chunk = ids.slice(start, start + chunkTokens[runner.modeFor(cache)])
      const following = ids.length - start - chunk.length
      const run = { cache, ids: chunk, accuracy, ropes, fetches: observer.fetches(following) }
      const outputs = await runner.runChunk({ ...run, signal: options.signal })
      await observer.afterRun(outputs, cache, { count: chunk.length, following }, options)
      start += chunk.length
    }
    return await observer.collect(cache, options)
  } finally {
    cache.close()
  }
}
