/**
 * @file Weights in the form a device wants, kept on disk so that the next load maps a file instead of converting again
 * and the process never holds a second copy.
 */
import type { CallOptions } from '@lc/model'
import type { WeightLocation } from './weight-source.ts'

/** Writes one file of converted tensors, tensor by tensor; nothing is kept in memory. */
export interface ConvertedWeightsWriter {
  /** Appends the bytes of a tensor, aligned to 64 bytes, large ones to 4096. */
  write(name: string, data: ArrayBufferView): Promise<void>
  /** A tensor that comes in pieces, for tables too large to hold. */
  writePieces(name: string, pieces: AsyncIterable<ArrayBufferView>): Promise<void>
}

/** Converted tensors in one file. */
export interface ConvertedWeights {
  /** The file that holds everything. */
  readonly path: string
  /** Where each tensor lies in it. */
  readonly tensors: ReadonlyMap<string, WeightLocation>
}

/** What is known of an entry of the cache. */
export interface ConvertedWeightsEntry {
  readonly key: string
  readonly path: string
  readonly sizeBytes: number
  readonly lastUsed: Date
}

/** A size-capped cache of converted weights. */
export interface ConvertedWeightsStore {
  /**
   * The converted weights of a key, made by `build` when they are not there yet. The key names everything that the bytes
   * depend on: the hash of the source, the conversion and its version. Atomic: an interrupted build leaves nothing, two
   * processes may build the same key at once. Undefined when the cache cannot be written (no space, no rights): the
   * caller then converts in memory. Errors of `build` itself are thrown.
   */
  convertedWeights(
    key: string,
    build: (writer: ConvertedWeightsWriter) => Promise<void>,
    options?: CallOptions,
  ): Promise<ConvertedWeights | undefined>
  list(): Promise<ConvertedWeightsEntry[]>
  /** Removes all entries, or those of a key, and gives the number of bytes freed. */
  clear(key?: string): Promise<number>
}
