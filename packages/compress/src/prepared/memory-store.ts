import { checkInteger } from '@lc/model/check'
import type { EntryStore } from './entry-store.ts'

/** Options of `memoryStore`. */
export interface MemoryStoreOptions {
  /** Bytes of all entries together. Defaults to 64 MB. */
  limitBytes?: number | undefined
}

/** A store in the memory of the process; works in browsers. An entry larger than the limit is not kept. */
export function memoryStore(options: MemoryStoreOptions = {}): EntryStore {
  const limit = checkInteger(options.limitBytes ?? 64e6, 'limitBytes', { min: 0 })
  // a map remembers the order: what is used moves to the end
  const entries = new Map<string, Uint8Array>()
  let total = 0
  const remove = (key: string): void => {
    total -= entries.get(key)?.length ?? 0
    entries.delete(key)
  }
  return {
    async get(keys) {
      return keys.map((key) => {
        const found = entries.get(key)
        if (!found) return undefined
        entries.delete(key)
        entries.set(key, found)
        return found
      })
    },
    async put(added) {
      for (const [key, bytes] of added) {
        remove(key)
        if (bytes.length > limit) continue
        entries.set(key, bytes)
        total += bytes.length
        for (const oldest of entries.keys()) {
          if (total <= limit) break
          remove(oldest)
        }
      }
    },
  }
}
