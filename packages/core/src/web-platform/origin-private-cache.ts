/**
 * @file The hub's files in a browser's own file system (origin private), named by their hash; what lies where is kept in
 * small JSON files, one per repository. A lock of the browser keeps two pages from writing one file.
 */
import type { BlobRequest, BlobWriter, CachedFile, CacheStore } from '../hub/cache-store.ts'

const root = 'lc-hub'
/** How paths of this store begin. */
export const originPrivatePrefix = 'origin-private:'

/** What is known of a repository: commits of revisions, and for each commit the files (null: there is none). */
interface Catalogue {
  commits: Record<string, string>
  files: Record<string, Record<string, { etag: string; size: number } | null>>
}

/** Whether this browser has a private file system and locks. */
export function hasOriginPrivateFiles(): boolean {
  return (
    typeof navigator !== 'undefined' && typeof navigator.storage?.getDirectory === 'function' && 'locks' in navigator
  )
}

/** The file that a path of this store stands for. */
export async function originPrivateFile(path: string): Promise<File> {
  const [repository, etag] = path.slice(originPrivatePrefix.length).split('/') as [string, string]
  const folder = await repositoryFolder(repository)
  return (await folder.getFileHandle(etag)).getFile()
}

/** A cache in the browser's private file system. */
export function originPrivateCache(): CacheStore {
  return {
    commitOf: async (repository, revision) => (await readCatalogue(repository)).commits[revision],
    recordCommit: (repository, revision, commit) =>
      changeCatalogue(repository, (catalogue) => {
        catalogue.commits[revision] = commit
      }),
    async find(repository, commit, path) {
      const entry = (await readCatalogue(repository)).files[commit]?.[path]
      return entry ? existing(repository, entry.etag) : undefined
    },
    isKnownMissing: async (repository, commit, path) =>
      (await readCatalogue(repository)).files[commit]?.[path] === null,
    recordMissing: (repository, commit, path) =>
      changeCatalogue(repository, (catalogue) => {
        catalogue.files[commit] = { ...catalogue.files[commit], [path]: null }
      }),
    begin,
  }
}

async function begin(request: BlobRequest, signal?: AbortSignal): Promise<BlobWriter | CachedFile> {
  const { repository, commit, path, etag } = request
  const release = await takeLock(`${root}/${repository}/${etag}`, signal)
  const place = async (): Promise<CachedFile> => {
    const placed = (await existing(repository, etag))!
    await changeCatalogue(repository, (catalogue) => {
      catalogue.files[commit] = { ...catalogue.files[commit], [path]: { etag, size: placed.size } }
    })
    release()
    return placed
  }
  try {
    if (await existing(repository, etag)) return await place()
    return await PrivateBlob.open(await repositoryFolder(folderName(repository)), etag, place, release)
  } catch (error) {
    release()
    throw error
  }
}

function folderName(repository: string): string {
  return `models--${repository.replaceAll('/', '--')}`
}

async function repositoryFolder(name: string): Promise<FileSystemDirectoryHandle> {
  const all = await (await navigator.storage.getDirectory()).getDirectoryHandle(root, { create: true })
  return all.getDirectoryHandle(name, { create: true })
}

async function existing(repository: string, etag: string): Promise<CachedFile | undefined> {
  const folder = await repositoryFolder(folderName(repository))
  try {
    const file = await (await folder.getFileHandle(etag)).getFile()
    return { path: `${originPrivatePrefix}${folderName(repository)}/${etag}`, size: file.size }
  } catch {
    return undefined
  }
}

async function readCatalogue(repository: string): Promise<Catalogue> {
  const empty = { commits: {}, files: {} }
  try {
    const folder = await repositoryFolder(folderName(repository))
    const text = await (await (await folder.getFileHandle('catalogue.json')).getFile()).text()
    return { ...empty, ...(JSON.parse(text) as Catalogue) }
  } catch {
    return empty
  }
}

async function changeCatalogue(repository: string, change: (catalogue: Catalogue) => void): Promise<void> {
  await navigator.locks.request(`${root}/${repository}`, async () => {
    const catalogue = await readCatalogue(repository)
    change(catalogue)
    const folder = await repositoryFolder(folderName(repository))
    const writable = await (await folder.getFileHandle('catalogue.json', { create: true })).createWritable()
    await writable.write(JSON.stringify(catalogue))
    await writable.close()
  })
}

/** Holds a lock until the function it gives is called. */
function takeLock(name: string, signal: AbortSignal | undefined): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(
      name,
      signal ? { signal } : {},
      () => new Promise<void>((release) => resolve(release)),
    )
    held.catch(reject)
  })
}

class PrivateBlob implements BlobWriter {
  received: number
  readonly #folder: FileSystemDirectoryHandle
  readonly #etag: string
  readonly #place: () => Promise<CachedFile>
  readonly #release: () => void
  readonly #writable: FileSystemWritableFileStream
  readonly #before: File

  private constructor(
    folder: FileSystemDirectoryHandle,
    etag: string,
    place: () => Promise<CachedFile>,
    release: () => void,
    writable: FileSystemWritableFileStream,
    before: File,
  ) {
    this.#folder = folder
    this.#etag = etag
    this.#place = place
    this.#release = release
    this.#writable = writable
    this.#before = before
    this.received = before.size
  }

  static async open(
    folder: FileSystemDirectoryHandle,
    etag: string,
    place: () => Promise<CachedFile>,
    release: () => void,
  ): Promise<PrivateBlob> {
    const handle = await folder.getFileHandle(partialName(etag), { create: true })
    const before = await handle.getFile()
    const writable = await handle.createWritable({ keepExistingData: true })
    await writable.seek(before.size)
    return new PrivateBlob(folder, etag, place, release, writable, before)
  }

  async *receivedBytes(): AsyncIterable<Uint8Array> {
    const pieceBytes = 4 << 20
    for (let at = 0; at < this.#before.size; at += pieceBytes)
      yield new Uint8Array(await this.#before.slice(at, at + pieceBytes).arrayBuffer())
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#writable.write(bytes as Uint8Array<ArrayBuffer>)
    this.received += bytes.length
  }

  async restart(): Promise<void> {
    await this.#writable.truncate(0)
    await this.#writable.seek(0)
    this.received = 0
  }

  async finish(): Promise<CachedFile> {
    await this.#writable.close()
    // browsers cannot rename everywhere; a copy becomes visible when its writer is closed, as a whole
    const whole = await (await this.#folder.getFileHandle(partialName(this.#etag))).getFile()
    const target = await (await this.#folder.getFileHandle(this.#etag, { create: true })).createWritable()
    await whole.stream().pipeTo(target)
    await this.#folder.removeEntry(partialName(this.#etag))
    return this.#place()
  }

  async abandon(keep: boolean): Promise<void> {
    if (keep) await this.#writable.close().catch(() => {})
    else await this.#writable.abort().catch(() => {})
    if (!keep) await this.#folder.removeEntry(partialName(this.#etag)).catch(() => {})
    this.#release()
  }
}

function partialName(etag: string): string {
  return `${etag}.incomplete`
}
