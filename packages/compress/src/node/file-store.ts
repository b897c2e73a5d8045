/**
 * @file A store in a folder: two files of records. New records go to the end of the first; when it is full it becomes the second,
 * and what was in that and not used since is gone. Processes share the folder: each appends under a lock, and reading needs none,
 * since a record counts only when it is whole.
 */
import { appendFile, mkdir, readFile, rename, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { CallOptions } from '@lc/model'
import { checkInteger, checkString } from '@lc/model/check'
import { fileLock } from '@lc/model/node'
import type { EntryStore } from '../prepared/entry-store.ts'
import { encodeRecord, type ReadRecords, readRecords } from './store-records.ts'

/** Options of `fileStore`. */
export interface FileStoreOptions {
  /** Made when something is put. In the cache folder of lc: `join(cacheFolder(process.env), 'scores')`. */
  folder: string
  /** Bytes of all entries together. Defaults to 128 MB. */
  limitBytes?: number | undefined
}

/**
 * A store on disk that several processes may share. A disk that is full or may not be written to makes it forget, not fail.
 *
 * @throws InvalidArgumentError
 */
export function fileStore(options: FileStoreOptions): EntryStore {
  const folder = checkString(options.folder, 'folder')
  return new FileStore(folder, checkInteger(options.limitBytes ?? 128e6, 'limitBytes', { min: 0 }))
}

const lockMs = 2000

class FileStore implements EntryStore {
  readonly #folder: string
  readonly #limit: number
  readonly #recent: RecordFile
  readonly #older: RecordFile
  /** Calls of this process take turns. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(folder: string, limit: number) {
    this.#folder = folder
    this.#limit = limit
    this.#recent = new RecordFile(join(folder, 'recent.records'))
    this.#older = new RecordFile(join(folder, 'older.records'))
  }

  get(keys: readonly string[], { signal }: CallOptions = {}): Promise<(Uint8Array | undefined)[]> {
    return this.#inTurn(async () => {
      signal?.throwIfAborted()
      await Promise.all([this.#recent.refresh(), this.#older.refresh()])
      const used = new Map<string, Uint8Array>()
      const found = keys.map((key) => {
        const bytes = this.#recent.records.get(key)
        const old = bytes ? undefined : this.#older.records.get(key)
        if (old) used.set(key, old)
        return bytes ?? old
      })
      // what is used stays when the older file goes
      if (used.size > 0) await this.#append(used, signal)
      return found
    })
  }

  put(entries: ReadonlyMap<string, Uint8Array>, { signal }: CallOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      if (entries.size > 0) await this.#append(entries, signal)
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }

  async #append(entries: ReadonlyMap<string, Uint8Array>, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    try {
      await mkdir(this.#folder, { recursive: true })
      const lock = await fileLock(join(this.#folder, 'lock'), { timeoutMs: lockMs })
      try {
        await this.#appendLocked(entries)
      } finally {
        await lock.release()
      }
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
  }

  async #appendLocked(entries: ReadonlyMap<string, Uint8Array>): Promise<void> {
    await this.#recent.refresh()
    const half = this.#limit / 2
    const records = [...entries]
      .filter(([key, bytes]) => !this.#recent.records.has(key) && bytes.length <= half)
      .map(([key, bytes]) => encodeRecord(key, bytes))
    const added = records.reduce((sum, record) => sum + record.length, 0)
    if (added === 0 || added > half) return
    if (this.#recent.size + added > half) {
      await rename(this.#recent.path, this.#older.path)
      await this.#recent.refresh()
    }
    await this.#recent.append(records)
  }
}

/** The disk refuses, or another process holds the lock for long: no fault of the caller, who loses only time. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' && (code === 'timeout' || /^E[A-Z]+$/.test(code))
}

/** One file of records, as of the last refresh. */
class RecordFile {
  readonly path: string
  records: ReadonlyMap<string, Uint8Array> = new Map()
  /** Bytes of whole records. */
  size = 0
  #state = ''

  constructor(path: string) {
    this.path = path
  }

  /** Reads the file if it is not the one that was read. */
  async refresh(): Promise<void> {
    const state = await stateOf(this.path)
    if (state === this.#state) return
    const read: ReadRecords = state === '' ? { records: new Map(), size: 0 } : readRecords(await contentOf(this.path))
    this.records = read.records
    this.size = read.size
    this.#state = state
  }

  /** Adds records at the end, under the lock. */
  async append(records: readonly Uint8Array[]): Promise<void> {
    // a process that died while it wrote may have left part of a record
    const length = (await stat(this.path).catch(() => undefined))?.size ?? 0
    if (length > this.size) await truncate(this.path, this.size)
    const bytes = Buffer.concat(records)
    await appendFile(this.path, bytes)
    this.records = new Map([...this.records, ...readRecords(bytes).records])
    this.size += bytes.length
    this.#state = await stateOf(this.path)
  }
}

async function stateOf(path: string): Promise<string> {
  const stats = await stat(path).catch(() => undefined)
  return stats ? `${stats.ino} ${stats.size} ${stats.mtimeMs}` : ''
}

async function contentOf(path: string): Promise<Uint8Array> {
  return readFile(path).catch(() => new Uint8Array())
}
