import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { contentHash } from '@lc/model'
import { atomicWrite } from '@lc/model/node'
import type { SessionStore } from '../serving/session-store.ts'

/** A store of sessions as files of a folder, which is made when the first is written. Keys may be any text: names are their hashes. */
export function folderSessionStore(folder: string): SessionStore {
  const pathOf = (key: string): string => join(folder, `${contentHash(key).slice(0, 40)}.session`)
  return {
    write: (key, bytes, { signal } = {}) => atomicWrite(pathOf(key), bytes, { signal, mode: 0o600 }),
    async read(key, { signal } = {}) {
      try {
        return await readFile(pathOf(key), { signal })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    remove: (key) => rm(pathOf(key), { force: true }),
  }
}
