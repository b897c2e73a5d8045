import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CallOptions } from '@lc/model'
import type { ByteSource } from '../weights/byte-source.ts'
import { cacheFolder } from './cache-folders.ts'

const chunkBytes = 1 << 24
const mostRemembered = 500

type Remembered = Record<string, { stamp: string; hash: string }>

/**
 * The SHA-256 of a local file. Computed once, then remembered by path, size, inode and modification time in lc's cache
 * folder; a folder that cannot be written only costs the time.
 */
export async function rememberedFileHash(
  source: ByteSource,
  environment: Readonly<Record<string, string | undefined>>,
  options: CallOptions = {},
): Promise<string> {
  if (source.path === undefined) return hashSource(source, options)
  const table = join(cacheFolder(environment), 'file-hashes.json')
  const stamp = await stampOf(source.path)
  const known = (await readTable(table))[source.path]
  if (known?.stamp === stamp) return known.hash
  const hash = await hashSource(source, options)
  await remember(table, source.path, { stamp, hash })
  return hash
}

async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path)
  return `${size}-${mtimeMs}-${ino}`
}

async function readTable(path: string): Promise<Remembered> {
  try {
    const table: unknown = JSON.parse(await readFile(path, 'utf8'))
    return typeof table === 'object' && table !== null ? (table as Remembered) : {}
  } catch {
    return {}
  }
}

async function remember(table: string, path: string, entry: { stamp: string; hash: string }): Promise<void> {
  try {
    await mkdir(dirname(table), { recursive: true })
    const entries = Object.entries({ ...(await readTable(table)), [path]: entry }).slice(-mostRemembered)
    const temporary = `${table}.${process.pid}.${Date.now()}`
    await writeFile(temporary, JSON.stringify(Object.fromEntries(entries)))
    await rename(temporary, table)
  } catch {
    // remembering is a convenience
  }
}

async function hashSource(source: ByteSource, { signal, onProgress }: CallOptions): Promise<string> {
  const hash = createHash('sha256')
  for (let done = 0; done < source.size; ) {
    const length = Math.min(chunkBytes, source.size - done)
    hash.update(await source.read(done, length, signal))
    done += length
    onProgress?.({ type: 'progress', operation: 'hash', done, total: source.size, unit: 'bytes' })
  }
  return hash.digest('hex')
}
