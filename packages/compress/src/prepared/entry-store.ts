import type { CallOptions } from '@lc/model'

/**
 * Keeps bytes under keys, up to a size; what was not used for longest goes first. A store may forget at any time: what it gives
 * is what was put, or nothing.
 */
export interface EntryStore {
  /** The bytes of each key, in order; undefined where there are none. They are not to be written to. */
  get(keys: readonly string[], options?: CallOptions): Promise<(Uint8Array | undefined)[]>
  put(entries: ReadonlyMap<string, Uint8Array>, options?: CallOptions): Promise<void>
}
