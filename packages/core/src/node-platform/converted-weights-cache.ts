/** @file Converted weights on disk: one data file and one index per key, least recently used ones removed over a size. */
import { createHash, randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { CallOptions } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import type {
  ConvertedWeights,
  ConvertedWeightsEntry,
  ConvertedWeightsStore,
  ConvertedWeightsWriter,
} from '../weights/converted-weights.ts'
import type { WeightLocation } from '../weights/weight-source.ts'

export interface ConvertedWeightsCacheOptions {
  readonly folder: string
  /** What all entries together may take. Defaults to 20 GB. */
  readonly limitBytes?: number
}

interface Index {
  readonly key: string
  readonly size: number
  readonly tensors: Record<string, [offset: number, length: number]>
}

const defaultLimitBytes = 20e9
const largeTensorBytes = 1 << 16

/** A cache of converted weights in a folder. */
export function convertedWeightsCache(options: ConvertedWeightsCacheOptions): ConvertedWeightsStore {
  return new ConvertedWeightsCache(options.folder, options.limitBytes ?? defaultLimitBytes)
}

class ConvertedWeightsCache implements ConvertedWeightsStore {
  readonly #folder: string
  readonly #limitBytes: number

  constructor(folder: string, limitBytes: number) {
    this.#folder = folder
    this.#limitBytes = limitBytes
  }

  async convertedWeights(
    key: string,
    build: (writer: ConvertedWeightsWriter) => Promise<void>,
    options: CallOptions = {},
  ): Promise<ConvertedWeights | undefined> {
    const stem = join(this.#folder, createHash('sha256').update(key).digest('hex').slice(0, 40))
    const found = await readEntry(stem)
    if (found?.key === key) {
      const now = new Date()
      // only for the order of removal
      await utimes(`${stem}.json`, now, now).catch(() => {})
      return located(stem, found)
    }
    const index = await this.#build(stem, key, build, options.signal)
    if (!index) return undefined
    await this.#removeOldest(stem)
    return located(stem, index)
  }

  async list(): Promise<ConvertedWeightsEntry[]> {
    const entries: ConvertedWeightsEntry[] = []
    for (const stem of await this.#stems()) {
      const index = await readEntry(stem)
      const stats = await stat(`${stem}.json`).catch(() => undefined)
      if (index && stats)
        entries.push({ key: index.key, path: `${stem}.weights`, sizeBytes: index.size, lastUsed: stats.mtime })
    }
    return entries.sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime())
  }

  async clear(key?: string): Promise<number> {
    let freed = 0
    for (const entry of await this.list()) {
      if (key !== undefined && entry.key !== key) continue
      await remove(entry.path)
      freed += entry.sizeBytes
    }
    if (key === undefined) await this.#removeRemains(0)
    return freed
  }

  async #stems(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => [])
    return names.filter((name) => name.endsWith('.json')).map((name) => join(this.#folder, name.slice(0, -5)))
  }

  async #build(
    stem: string,
    key: string,
    build: (writer: ConvertedWeightsWriter) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<Index | undefined> {
    const temporary = `${stem}.${process.pid}-${randomBytes(4).toString('hex')}.partial`
    let handle: FileHandle
    try {
      await mkdir(this.#folder, { recursive: true })
      handle = await open(temporary, 'wx')
    } catch {
      return undefined
    }
    const writer = new FileWriter(handle, signal)
    try {
      await build(writer)
      signal?.throwIfAborted()
      await writer.guard(() => handle.sync())
      await handle.close()
      const index = { key, size: writer.size, tensors: writer.tensors }
      await writer.guard(() => putInPlace(stem, temporary, index))
      return index
    } catch (error) {
      await handle.close().catch(() => {})
      await rm(temporary, { force: true })
      if (error instanceof CacheWriteFailure) return undefined
      throw error
    }
  }

  async #removeOldest(keep: string): Promise<void> {
    const entries = await this.list()
    let total = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0)
    for (const entry of entries) {
      if (total <= this.#limitBytes) break
      if (entry.path === `${keep}.weights`) continue
      await remove(entry.path)
      total -= entry.sizeBytes
    }
    await this.#removeRemains(86_400_000)
  }

  /** Partial files of processes that were killed. */
  async #removeRemains(olderThanMs: number): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (!name.endsWith('.partial')) continue
      const path = join(this.#folder, name)
      const stats = await stat(path).catch(() => undefined)
      if (stats && Date.now() - stats.mtimeMs >= olderThanMs) await rm(path, { force: true })
    }
  }
}

/** The disk refuses: no space, no rights. Not the caller's fault, so no error of lc. */
class CacheWriteFailure {
  readonly cause: unknown
  constructor(options: { cause: unknown }) {
    this.cause = options.cause
  }
}

class FileWriter implements ConvertedWeightsWriter {
  readonly tensors: Record<string, [number, number]> = {}
  size = 0
  readonly #handle: FileHandle
  readonly #signal: AbortSignal | undefined

  constructor(handle: FileHandle, signal: AbortSignal | undefined) {
    this.#handle = handle
    this.#signal = signal
  }

  async guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      throw new CacheWriteFailure({ cause: error })
    }
  }

  async write(name: string, data: ArrayBufferView): Promise<void> {
    this.#begin(name, data.byteLength)
    await this.#append(data)
    this.#end(name)
  }

  async writePieces(name: string, pieces: AsyncIterable<ArrayBufferView>): Promise<void> {
    this.#begin(name, largeTensorBytes)
    for await (const piece of pieces) await this.#append(piece)
    this.#end(name)
  }

  #begin(name: string, length: number): void {
    checkArgument(!Object.hasOwn(this.tensors, name), 'name', name, 'a name that was not written before')
    const alignment = length >= largeTensorBytes ? 4096 : 64
    this.size = Math.ceil(this.size / alignment) * alignment
    this.tensors[name] = [this.size, 0]
  }

  #end(name: string): void {
    const [offset] = this.tensors[name]!
    this.tensors[name] = [offset, this.size - offset]
  }

  async #append(data: ArrayBufferView): Promise<void> {
    this.#signal?.throwIfAborted()
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    await this.guard(async () => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.size + done)
        done += bytesWritten
      }
    })
    this.size += bytes.length
  }
}

/** The index last: an entry is there when its index is. */
async function putInPlace(stem: string, data: string, index: Index): Promise<void> {
  const indexFile = `${data}.index`
  try {
    const handle = await open(indexFile, 'wx')
    try {
      await handle.writeFile(JSON.stringify(index))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(data, `${stem}.weights`)
    await rename(indexFile, `${stem}.json`)
  } catch (error) {
    await rm(indexFile, { force: true })
    throw error
  }
}

async function remove(dataPath: string): Promise<void> {
  // the index first: without it the data is nothing
  await rm(dataPath.replace(/\.weights$/, '.json'), { force: true })
  await rm(dataPath, { force: true })
}

/** The index of an entry, if it and its data are whole. */
async function readEntry(stem: string): Promise<Index | undefined> {
  try {
    const index = JSON.parse(await readFile(`${stem}.json`, 'utf8')) as Index
    const { size } = await stat(`${stem}.weights`)
    const inside = ([offset, length]: [number, number]): boolean =>
      Number.isSafeInteger(offset) &&
      Number.isSafeInteger(length) &&
      offset >= 0 &&
      length >= 0 &&
      offset + length <= size
    return index.size === size && typeof index.key === 'string' && Object.values(index.tensors).every(inside)
      ? index
      : undefined
  } catch {
    return undefined
  }
}

function located(stem: string, index: Index): ConvertedWeights {
  const path = `${stem}.weights`
  const tensors = new Map<string, WeightLocation>()
  for (const [name, [offset, length]] of Object.entries(index.tensors)) tensors.set(name, { path, offset, length })
  return { path, tensors }
}
