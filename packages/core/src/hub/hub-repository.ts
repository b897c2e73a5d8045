/** @file A repository of the hub at one revision: files come from the cache, or are downloaded when first asked for. */
import type { CallOptions } from '@lc/model'
import { DownloadError } from '../errors/download-error.ts'
import type { CachedFile, CacheStore } from './cache-store.ts'
import { downloadFile, type MakeHash } from './download-file.ts'
import { findRemoteFile, type RemoteFile } from './find-remote-file.ts'
import type { HubSettings } from './hub-settings.ts'
import { checkFilePath, checkRepository, checkRevision } from './repository-path.ts'

/** Options of `HubRepository`. */
export interface HubRepositoryOptions extends CallOptions {
  readonly settings: HubSettings
  readonly store: CacheStore
  readonly makeHash: MakeHash
  readonly repository: string
  /** Defaults to `main`. */
  readonly revision?: string | undefined
  /** SHA-256 that files must have, by path; anything else is refused before it is fetched. */
  readonly expectedHashes?: Readonly<Record<string, string>>
}

/** Files of a repository, all at the same commit. */
export class HubRepository {
  readonly repository: string
  readonly revision: string
  readonly #options: HubRepositoryOptions
  #commit: string | undefined

  constructor(options: HubRepositoryOptions) {
    this.repository = checkRepository(options.repository)
    this.revision = checkRevision(options.revision ?? 'main')
    this.#options = options
    if (/^[0-9a-f]{40}$/.test(this.revision)) this.#commit = this.revision
  }

  /**
   * The file in the cache, downloaded if need be; undefined when the repository has no such file.
   *
   * @throws DownloadError; also when offline and not even the commit is known.
   */
  async file(path: string): Promise<CachedFile | undefined> {
    checkFilePath(path)
    const { store, settings, signal } = this.#options
    signal?.throwIfAborted()
    if (this.#commit !== undefined) {
      const known = await this.#known(this.#commit, path)
      if (known !== 'unknown') return known
    }
    if (settings.offline) return this.#offline(path)
    let remote: RemoteFile | { missingAt: string | undefined }
    try {
      remote = await findRemoteFile({
        settings,
        repository: this.repository,
        revision: this.#commit ?? this.revision,
        path,
        signal,
      })
    } catch (error) {
      return this.#unreachable(path, error)
    }
    if ('missingAt' in remote) {
      if (remote.missingAt) await store.recordMissing(this.repository, remote.missingAt, path)
      return undefined
    }
    await this.#pin(remote.commit)
    return this.#fetch(path, remote)
  }

  /** What the cache says about a file at a commit. */
  async #known(commit: string, path: string): Promise<CachedFile | undefined | 'unknown'> {
    const { store } = this.#options
    const found = await store.find(this.repository, commit, path)
    if (found) return found
    return (await store.isKnownMissing(this.repository, commit, path)) ? undefined : 'unknown'
  }

  async #pin(commit: string): Promise<void> {
    if (this.#commit === undefined) await this.#options.store.recordCommit(this.repository, this.revision, commit)
    this.#commit = commit
  }

  async #fetch(path: string, remote: RemoteFile): Promise<CachedFile> {
    const { settings, store, makeHash, signal, onProgress, expectedHashes } = this.#options
    const found = await store.find(this.repository, remote.commit, path)
    if (found) return found
    const expected = expectedHashes?.[path]
    if (expected !== undefined && /^[0-9a-f]{64}$/.test(remote.etag) && remote.etag !== expected)
      throw new DownloadError({
        repository: this.repository,
        file: path,
        problem: 'the server has other bytes under this name',
        expectedHash: expected,
        actualHash: remote.etag,
      })
    return downloadFile({ settings, store, makeHash, repository: this.repository, path, remote, signal, onProgress })
  }

  async #offline(path: string): Promise<CachedFile | undefined> {
    const cached = await this.#fromCache(path)
    if (cached !== 'unknown') return cached
    throw new DownloadError({
      repository: this.repository,
      file: path,
      problem: 'it is not in the cache, and HF_HUB_OFFLINE or the option offline forbids requests',
      advice: 'allow requests once, or give a local file with --model FILE',
    })
  }

  /** A server that cannot be reached does not matter while the cache has the file. */
  async #unreachable(path: string, error: unknown): Promise<CachedFile | undefined> {
    this.#options.signal?.throwIfAborted()
    if (error instanceof DownloadError && error.status !== undefined && error.status < 500) throw error
    const cached = await this.#fromCache(path)
    if (cached !== 'unknown') return cached
    if (error instanceof DownloadError) throw error
    throw new DownloadError({
      repository: this.repository,
      file: path,
      problem: `the hub at ${this.#options.settings.endpoint} cannot be reached`,
      advice: 'check the network or HF_ENDPOINT, or give a local file with --model FILE',
      cause: error,
    })
  }

  async #fromCache(path: string): Promise<CachedFile | undefined | 'unknown'> {
    const commit = this.#commit ?? (await this.#options.store.commitOf(this.repository, this.revision))
    if (commit === undefined) return 'unknown'
    const known = await this.#known(commit, path)
    // without requests a snapshot that was used before is taken as complete
    if (known === 'unknown' && (await this.#options.store.find(this.repository, commit, 'config.json')))
      return undefined
    return known
  }
}
