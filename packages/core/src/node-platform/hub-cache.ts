/**
 * @file The hub's cache on disk in the layout of Python's `huggingface_hub`, so that both share one copy: `blobs/{etag}`,
 * `snapshots/{commit}/{path}` as relative links, `refs/{revision}`, `.no_exist/{commit}/{path}`. Partial downloads are
 * `blobs/{etag}.lc-incomplete`, a name that nobody else reads.
 */

import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { copyFile, mkdir, open, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { BlobRequest, BlobWriter, CachedFile, CacheStore } from '../hub/cache-store.ts'
import { checkFilePath, checkRepository, checkRevision } from '../hub/repository-path.ts'
import { type FileLock, lockFile } from './file-lock.ts'

export interface HubCacheOptions {
  /** `HF_HUB_CACHE`. */
  readonly folder: string
  /** Copies instead of links, as `HF_HUB_DISABLE_SYMLINKS` asks. */
  readonly copies?: boolean
}

/** The hub's cache in a folder. */
export function hubCache(options: HubCacheOptions): CacheStore {
  return new HubCache(options.folder, options.copies ?? false)
}

class HubCache implements CacheStore {
  readonly #folder: string
  readonly #copies: boolean

  constructor(folder: string, copies: boolean) {
    this.#folder = folder
    this.#copies = copies
  }

  async commitOf(repository: string, revision: string): Promise<string | undefined> {
    const text = await readFile(this.#refFile(repository, revision), 'utf8').catch(() => '')
    return /^[0-9a-f]{40}$/.test(text.trim()) ? text.trim() : undefined
  }

  async recordCommit(repository: string, revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commitOf(repository, revision)) === commit) return
    await writeWhole(this.#refFile(repository, revision), commit)
  }

  async find(repository: string, commit: string, path: string): Promise<CachedFile | undefined> {
    const file = this.#snapshotFile(repository, commit, path)
    const stats = await stat(file).catch(() => undefined)
    return stats?.isFile() ? { path: file, size: stats.size } : undefined
  }

  async isKnownMissing(repository: string, commit: string, path: string): Promise<boolean> {
    return (await stat(this.#missingFile(repository, commit, path)).catch(() => undefined)) !== undefined
  }

  async recordMissing(repository: string, commit: string, path: string): Promise<void> {
    await writeWhole(this.#missingFile(repository, commit, path), '').catch(() => {})
  }

  async begin(request: BlobRequest, signal?: AbortSignal): Promise<BlobWriter | CachedFile> {
    const { repository, commit, path, etag } = request
    const blob = join(this.#repositoryFolder(repository), 'blobs', etag)
    const pointer = this.#snapshotFile(repository, commit, path)
    await mkdir(dirname(blob), { recursive: true })
    const locks = join(this.#folder, '.locks', folderName(repository))
    await mkdir(locks, { recursive: true })
    const lock = await lockFile(join(locks, `${etag}.lc-lock`), signal)
    try {
      const place = (): Promise<CachedFile> => this.#place(blob, pointer)
      const stats = await stat(blob).catch(() => undefined)
      if (stats?.isFile()) {
        const placed = await place()
        await lock.release()
        return placed
      }
      return await BlobFile.open(`${blob}.lc-incomplete`, blob, lock, place)
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /** Points the snapshot at the blob. */
  async #place(blob: string, pointer: string): Promise<CachedFile> {
    await mkdir(dirname(pointer), { recursive: true })
    if (!(await stat(pointer).catch(() => undefined))) {
      const temporary = `${pointer}.${randomBytes(4).toString('hex')}`
      // a link that cannot be made (Windows without the right to) becomes a copy
      const linked =
        !this.#copies &&
        (await symlink(relative(dirname(pointer), blob), temporary).then(
          () => true,
          () => false,
        ))
      if (!linked) await copyFile(blob, temporary)
      await rename(temporary, pointer)
    }
    return { path: pointer, size: (await stat(pointer)).size }
  }

  #repositoryFolder(repository: string): string {
    return join(this.#folder, folderName(repository))
  }

  #refFile(repository: string, revision: string): string {
    return join(this.#repositoryFolder(repository), 'refs', ...checkRevision(revision).split('/'))
  }

  #snapshotFile(repository: string, commit: string, path: string): string {
    return join(
      this.#repositoryFolder(repository),
      'snapshots',
      checkRevision(commit),
      ...checkFilePath(path).split('/'),
    )
  }

  #missingFile(repository: string, commit: string, path: string): string {
    return join(
      this.#repositoryFolder(repository),
      '.no_exist',
      checkRevision(commit),
      ...checkFilePath(path).split('/'),
    )
  }
}

function folderName(repository: string): string {
  return `models--${checkRepository(repository).replaceAll('/', '--')}`
}

async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomBytes(4).toString('hex')}`
  await writeFile(temporary, text)
  await rename(temporary, path)
}

class BlobFile implements BlobWriter {
  received = 0
  readonly #handle: FileHandle
  readonly #partial: string
  readonly #blob: string
  readonly #lock: FileLock
  readonly #place: () => Promise<CachedFile>

  private constructor(
    handle: FileHandle,
    partial: string,
    blob: string,
    lock: FileLock,
    place: () => Promise<CachedFile>,
  ) {
    this.#handle = handle
    this.#partial = partial
    this.#blob = blob
    this.#lock = lock
    this.#place = place
  }

  static async open(
    partial: string,
    blob: string,
    lock: FileLock,
    place: () => Promise<CachedFile>,
  ): Promise<BlobFile> {
    const file = new BlobFile(await open(partial, 'a+'), partial, blob, lock, place)
    file.received = (await file.#handle.stat()).size
    return file
  }

  async *receivedBytes(): AsyncIterable<Uint8Array> {
    if (this.received > 0) yield* createReadStream(this.#partial, { end: this.received - 1, highWaterMark: 1 << 20 })
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) done += (await this.#handle.write(bytes, done)).bytesWritten
    this.received += bytes.length
  }

  async restart(): Promise<void> {
    await this.#handle.truncate(0)
    this.received = 0
  }

  async finish(): Promise<CachedFile> {
    await this.#handle.sync()
    await this.#handle.close()
    await rename(this.#partial, this.#blob)
    const placed = await this.#place()
    await this.#lock.release()
    return placed
  }

  async abandon(keep: boolean): Promise<void> {
    await this.#handle.close().catch(() => {})
    if (!keep || this.received === 0) await rm(this.#partial, { force: true })
    await this.#lock.release()
  }
}
