import type { CallOptions } from '@lc/model'

/** Where saved sessions are kept by key. `folderSessionStore` of `@lc/kv/node` keeps them as files. */
export interface SessionStore {
  /** Writes whole or not at all. */
  write(key: string, bytes: Uint8Array, options?: CallOptions): Promise<void>
  /** Undefined for a key that is not there. */
  read(key: string, options?: CallOptions): Promise<Uint8Array | undefined>
  /** Nothing to do for a key that is not there. */
  remove(key: string): Promise<void>
}
