/** @file Caches of earlier requests by their key: a request with the same key goes on from the longest common prefix. */
import type { Accuracy } from '@lc/model'
import type { KvCache } from '../../cache/kv-cache.ts'

/** A cache and the tokens in it. */
export interface PooledPrefix {
  readonly cache: KvCache
  readonly ids: readonly number[]
  readonly accuracy: Accuracy
  readonly frequencies: string
}

const mostEntries = 4

/** Keeps the latest few. */
export class PrefixPool {
  readonly #entries = new Map<string, PooledPrefix>()

  /** A cache of one's own that holds a prefix of these ids, or undefined. */
  take(
    key: string,
    ids: ArrayLike<number>,
    wanted: Pick<PooledPrefix, 'accuracy' | 'frequencies'>,
  ): { cache: KvCache; length: number } | undefined {
    const entry = this.#entries.get(key)
    if (entry?.accuracy !== wanted.accuracy || entry.frequencies !== wanted.frequencies) return undefined
    let length = 0
    while (length < entry.ids.length && length < ids.length && entry.ids[length] === ids[length]) length++
    if (length === 0) return undefined
    const cache = entry.cache.fork()
    cache.truncateTo(length)
    return { cache, length }
  }

  /** Keeps a fork of a cache under a key. */
  put(key: string, entry: PooledPrefix): void {
    this.#entries.get(key)?.cache.close()
    this.#entries.delete(key)
    this.#entries.set(key, { ...entry, cache: entry.cache.fork() })
    if (this.#entries.size <= mostEntries) return
    const [oldest] = this.#entries.keys()
    this.#entries.get(oldest!)!.cache.close()
    this.#entries.delete(oldest!)
  }

  close(): void {
    for (const { cache } of this.#entries.values()) cache.close()
    this.#entries.clear()
  }
}
