/** @file One file from a hub into the cache: resumed where an earlier try stopped, hashed while it streams. */
import type { CallOptions } from '@lc/model'
import { sleep } from '@lc/model/abort'
import { TimeoutError } from '@lc/model/errors'
import { DownloadError } from '../errors/download-error.ts'
import type { BlobWriter, CachedFile, CacheStore } from './cache-store.ts'
import type { RemoteFile } from './find-remote-file.ts'
import { requestHub } from './hub-request.ts'
import type { HubSettings } from './hub-settings.ts'
import { resolveAddress } from './repository-path.ts'
import type { StreamingHash } from './streaming-hash.ts'

/** Makes hashes; the platform's, where it has faster ones. */
export type MakeHash = (algorithm: 'sha256' | 'sha1') => StreamingHash

/** What to download, and into which store. */
export interface DownloadRequest extends CallOptions {
  readonly settings: HubSettings
  readonly store: CacheStore
  readonly makeHash: MakeHash
  readonly repository: string
  readonly path: string
  readonly remote: RemoteFile
}

/** Failures in a row without a byte between them. */
const mostTries = 5

/**
 * Downloads a file.
 *
 * @throws DownloadError when the server refuses, keeps cutting the connection, or sends other bytes than it promised.
 */
export async function downloadFile(request: DownloadRequest): Promise<CachedFile> {
  const { store, repository, path, remote, signal } = request
  const { commit, etag, size } = remote
  const begun = await store.begin({ repository, commit, path, etag, size }, signal)
  if ('path' in begun) return begun
  const receiver = new Receiver(request, begun)
  try {
    await receiver.receiveAll()
    return await begun.finish()
  } catch (error) {
    await begun.abandon(!receiver.spoilt)
    throw error
  }
}

/** A failure that another try may mend. */
class TryAgain {
  readonly cause: unknown
  constructor(options: { cause: unknown }) {
    this.cause = options.cause
  }
}

class Receiver {
  readonly #request: DownloadRequest
  readonly #writer: BlobWriter
  #hash: StreamingHash | undefined
  #received = 0
  /** The bytes are not worth keeping. */
  spoilt = false

  constructor(request: DownloadRequest, writer: BlobWriter) {
    this.#request = request
    this.#writer = writer
    this.#hash = this.#freshHash()
  }

  async receiveAll(): Promise<void> {
    for await (const bytes of this.#writer.receivedBytes()) {
      this.#request.signal?.throwIfAborted()
      this.#hash?.update(bytes)
      this.#received += bytes.length
    }
    const { size } = this.#request.remote
    if (size !== undefined && this.#received > size) await this.#restart()
    for (let failures = 0; size === undefined || this.#received < size; ) {
      const before = this.#received
      try {
        await this.#receive()
        if (size === undefined) break
      } catch (error) {
        if (!(error instanceof TryAgain)) throw error
        failures = this.#received > before ? 1 : failures + 1
        if (failures >= mostTries) throw this.#failed(error.cause)
        await sleep(this.#request.settings.retryPauseMs * 2 ** (failures - 1), this.#request.signal)
      }
    }
    this.#check()
  }

  /** Large files are named by their SHA-256, small ones by git's hash of the content behind a header. */
  #freshHash(): StreamingHash | undefined {
    const { etag, size } = this.#request.remote
    if (/^[0-9a-f]{64}$/.test(etag)) return this.#request.makeHash('sha256')
    if (!/^[0-9a-f]{40}$/.test(etag) || size === undefined) return undefined
    const hash = this.#request.makeHash('sha1')
    hash.update(new TextEncoder().encode(`blob ${size}\0`))
    return hash
  }

  async #restart(): Promise<void> {
    await this.#writer.restart()
    this.#hash = this.#freshHash()
    this.#received = 0
  }

  #check(): void {
    const { repository, path, remote } = this.#request
    const actual = this.#hash?.hex()
    if (actual === undefined || actual === remote.etag) return
    this.spoilt = true
    throw new DownloadError({
      repository,
      file: path,
      problem: 'the bytes received are not the ones that the server promised',
      expectedHash: remote.etag,
      actualHash: actual,
    })
  }

  #failed(cause: unknown): DownloadError {
    const { repository, path } = this.#request
    const problem = `the connection failed ${mostTries} times in a row`
    return new DownloadError({ repository, file: path, problem, advice: 'what was received is kept; try again', cause })
  }

  async #receive(): Promise<void> {
    const response = await this.#ask()
    if (response.status === 416) {
      await response.body?.cancel()
      if (this.#received === 0) throw this.#refused(416)
      await this.#restart()
      return
    }
    if (response.status === 404) throw this.#refused(404)
    if (!response.ok) throw new TryAgain({ cause: this.#refused(response.status) })
    if (this.#received > 0 && !continuesAt(response, this.#received)) await this.#restart()
    await this.#readBody(response)
  }

  async #ask(): Promise<Response> {
    const { settings, repository, path, remote, signal } = this.#request
    const range = this.#received > 0 ? { range: `bytes=${this.#received}-`, 'if-range': `"${remote.etag}"` } : undefined
    try {
      return await requestHub({
        settings,
        method: 'GET',
        url: resolveAddress(settings.endpoint, repository, remote.commit, path),
        repository,
        file: path,
        follow: 'all',
        signal,
        timeoutMs: settings.idleTimeoutMs,
        ...(range && { headers: range }),
      })
    } catch (error) {
      throw this.#retryable(error)
    }
  }

  #refused(status: number): DownloadError {
    const { repository, path } = this.#request
    return new DownloadError({ repository, file: path, status, problem: `the server answers with status ${status}` })
  }

  /** An abort and an error of ours stay as they are; the rest is the network. */
  #retryable(error: unknown): unknown {
    this.#request.signal?.throwIfAborted()
    return error instanceof DownloadError ? error : new TryAgain({ cause: error })
  }

  async #readBody(response: Response): Promise<void> {
    const { remote, repository, path, settings, onProgress } = this.#request
    const reader = response.body?.getReader()
    if (!reader) return
    try {
      for (;;) {
        const { done, value } = await this.#readInTime(reader, settings.idleTimeoutMs)
        if (done) return
        this.#received += value.length
        if (remote.size !== undefined && this.#received > remote.size) {
          this.spoilt = true
          throw new DownloadError({
            repository,
            file: path,
            problem: `the server sends more than the ${remote.size} bytes it promised`,
          })
        }
        await this.#writer.append(value)
        this.#hash?.update(value)
        const total = remote.size === undefined ? {} : { total: remote.size }
        onProgress?.({ type: 'progress', operation: 'download', done: this.#received, ...total, unit: 'bytes' })
      }
    } finally {
      await reader.cancel().catch(() => {})
    }
  }

  async #readInTime(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    timeoutMs: number,
  ): Promise<ReadableStreamReadResult<Uint8Array>> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TimeoutError({ operation: 'the download', timeoutMs })), timeoutMs)
    })
    try {
      return await Promise.race([reader.read(), late])
    } catch (error) {
      throw this.#retryable(error)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Whether a partial answer goes on exactly where we stopped. */
function continuesAt(response: Response, offset: number): boolean {
  return response.status === 206 && (response.headers.get('content-range') ?? '').startsWith(`bytes ${offset}-`)
}
