/** @file Where downloaded hub files are kept. The protocol is in `download.ts`; a store only knows names and bytes. */

/** A file of a repository at a commit. */
export interface CachedFile {
  /** A local path in Node; an opaque key in browsers. Open it with `openFile` of the store. */
  readonly path: string
  readonly size: number
}

/** A file that is to be put into a cache. */
export interface BlobRequest {
  readonly repository: string
  /** 40-hex commit. */
  readonly commit: string
  /** Path in the repository, with `/`. */
  readonly path: string
  /** The entity tag without quotes: the SHA-256 of large files, the git blob hash of small ones. */
  readonly etag: string
  readonly size?: number | undefined
}

/** A file being written, under a lock that other processes respect. */
export interface BlobWriter {
  /** Bytes that an earlier, interrupted download left. */
  readonly received: number
  /** Reads the bytes that were left, in order. */
  receivedBytes(): AsyncIterable<Uint8Array>
  append(bytes: Uint8Array): Promise<void>
  /** Throws everything away and starts again at 0. */
  restart(): Promise<void>
  /** Puts the finished file in place, atomically. */
  finish(): Promise<CachedFile>
  /** Gives up; `keep` leaves the bytes for a later resume. */
  abandon(keep: boolean): Promise<void>
}

/** Where downloaded files are kept: the hub's own layout on disk, or a browser's private file system. */
export interface CacheStore {
  /** The commit that a branch or tag pointed to when it was last asked for. */
  commitOf(repository: string, revision: string): Promise<string | undefined>
  recordCommit(repository: string, revision: string, commit: string): Promise<void>
  find(repository: string, commit: string, path: string): Promise<CachedFile | undefined>
  isKnownMissing(repository: string, commit: string, path: string): Promise<boolean>
  recordMissing(repository: string, commit: string, path: string): Promise<void>
  /** Starts or resumes a download; or, when another process finished it meanwhile, the finished file. */
  begin(request: BlobRequest, signal?: AbortSignal): Promise<BlobWriter | CachedFile>
}
