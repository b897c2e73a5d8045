/** @file A key-value cache as bytes: its facts, per layer the slots in use of each head, and what a session adds. */
import type { JsonValue } from '@lc/model'
import { type CacheFormat, cacheFormats } from './cache-format.ts'
import type { KvCache, KvCacheShape } from './kv-cache.ts'
import {
  type ArrayToSave,
  cacheProblem,
  type SavedArray,
  savedArray,
  sealArrays,
  unsealArrays,
} from './sealed-arrays.ts'

/** What is saved beside the arrays. */
export interface SavedCacheFacts {
  /** Identifies the weights that computed the cache. */
  readonly modelHash: string
  readonly accuracy: 'exact' | 'fast'
  /** The length that rotary frequencies were chosen for. */
  readonly plannedLength: number
  /** Token ids in the order of the slots. */
  readonly ids: readonly number[]
  /** What a session adds; it checks this itself. */
  readonly session?: JsonValue
}

interface Header extends SavedCacheFacts, KvCacheShape {
  readonly format: CacheFormat
  readonly nextPosition: number
  /** Names of the numbers that slots carry. */
  readonly channels: readonly string[]
  /** Positions of slots: distinct lists, and which one each head has, `[L * G]`. */
  readonly positions: readonly (readonly number[])[]
  readonly heads: readonly number[]
}

/** The bytes of a cache, and of arrays that a session adds. Keys and values are saved as the cache keeps them, codes as codes. */
export function saveCache(cache: KvCache, facts: SavedCacheFacts, added: readonly ArrayToSave[] = []): Uint8Array {
  const lists: number[][] = []
  const known = new Map<Int32Array, number>()
  const heads: number[] = []
  forEachHead(cache.shape, (layer, head) => {
    const positions = cache.positionsOf(layer, head)
    const index = known.get(positions) ?? lists.push(Array.from(positions.subarray(0, cache.lengthOf(layer, head)))) - 1
    known.set(positions, index)
    heads.push(index)
  })
  const { nextPosition, channels, format } = cache
  const header: Header = { ...facts, ...cache.shape, format, nextPosition, channels, positions: lists, heads }
  return sealArrays(header, [...layersToSave(cache, header), ...added])
}

/** Of each layer its arrays, and the numbers that the slots of each head carry, `[channels, slots]`. */
function layersToSave(cache: KvCache, header: Header): ArrayToSave[] {
  return Array.from({ length: cache.shape.layers }, (_, layer) => [
    ...cache
      .layer(layer)
      .arraysToSave(cache.lengthsOf(layer))
      .map((array) => ({ ...array, name: nameIn(layer, array.name) })),
    ...channelsToSave(cache, header, layer),
  ]).flat()
}

function channelsToSave(cache: KvCache, { channels }: Header, layer: number): ArrayToSave[] {
  const heads = Array.from(cache.lengthsOf(layer), (length, head) => ({ length, head }))
  return channels.flatMap((name) =>
    heads.map(({ length, head }) =>
      savedArray(nameIn(layer, `channel.${name}.${head}`), cache.channel(name, layer, head).subarray(0, length)),
    ),
  )
}

/** A cache that was saved, and what was saved with it. */
export interface RestoredCache {
  readonly cache: KvCache
  readonly facts: SavedCacheFacts
  /** All arrays by name, those that a session added among them. */
  readonly arrays: ReadonlyMap<string, SavedArray>
}

/**
 * The cache that was saved.
 *
 * @param empty makes the cache that is filled
 * @throws FileFormatError for bytes that are none, that were changed, or that another model saved
 */
export function restoreCache(
  bytes: Uint8Array,
  modelHash: string,
  empty: (format: CacheFormat) => KvCache,
): RestoredCache {
  const { facts: header, arrays } = unsealArrays(bytes)
  if (!isHeader(header)) throw cacheProblem('its header has fields of the wrong kind')
  const cache = empty(header.format)
  try {
    const same = (['layers', 'kvHeads', 'headDim'] as const).every((field) => header[field] === cache.shape[field])
    if (!same || header.modelHash !== modelHash) throw cacheProblem('it was saved by another model')
    fillCache(cache, header, arrays)
  } catch (error) {
    cache.close()
    throw error
  }
  const { accuracy, plannedLength, ids, session } = header
  const facts = { modelHash, accuracy, plannedLength, ids, ...(session !== undefined && { session }) }
  return { cache, facts, arrays }
}

function fillCache(cache: KvCache, header: Header, arrays: ReadonlyMap<string, SavedArray>): void {
  checkRoom(header, arrays)
  cache.restoreSlots(
    header.heads.map((index) => header.positions[index]!),
    header.nextPosition,
  )
  for (let layer = 0; layer < cache.shape.layers; layer++) {
    const lengths = cache.lengthsOf(layer)
    cache.edit(layer).restore(lengths, (name) => arrays.get(nameIn(layer, name)))
    for (const [head, length] of lengths.entries())
      for (const name of header.channels) {
        const saved = arrays.get(nameIn(layer, `channel.${name}.${head}`))
        if (!(saved instanceof Float32Array) || saved.length !== length)
          throw cacheProblem(`layer ${layer} has other numbers for its slots than its header says`)
        cache.channel(name, layer, head).set(saved)
      }
  }
}

/** A header that asks for more slots than its arrays can hold is not given memory for them: a slot takes at least a byte per column. */
function checkRoom({ heads, positions, headDim }: Header, arrays: ReadonlyMap<string, SavedArray>): void {
  const slots = heads.reduce((sum, index) => sum + positions[index]!.length, 0)
  let bytes = 0
  for (const array of arrays.values()) bytes += array.byteLength
  if (slots * headDim > bytes) throw cacheProblem('its header lists more slots than its arrays hold')
}

function nameIn(layer: number, name: string): string {
  return `layer.${layer}.${name}`
}

/** Whether a list holds whole numbers from 0 to what a position may be. */
export function isWholeNumbers(list: unknown): list is readonly number[] {
  return Array.isArray(list) && list.every(isWhole)
}

/** Whether a value is a whole number from 0 to what a position may be. */
export function isWhole(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
}

function isHeader(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false
  const { positions, heads, ids, channels, ...rest } = value as Record<keyof Header, unknown>
  const { layers, kvHeads, headDim, nextPosition, plannedLength } = rest
  if (![layers, kvHeads, headDim, nextPosition, plannedLength].every(isWhole)) return false
  if (!cacheFormats.some((format) => format === rest.format)) return false
  if (!isWholeNumbers(heads) || !isWholeNumbers(ids) || !Array.isArray(positions)) return false
  return (
    Array.isArray(channels) &&
    channels.every((name) => typeof name === 'string') &&
    positions.every((list) => isWholeNumbers(list) && list.every((position) => position < (nextPosition as number))) &&
    heads.length === (layers as number) * (kvHeads as number) &&
    heads.every((index) => index < positions.length) &&
    typeof rest.modelHash === 'string' &&
    (rest.accuracy === 'exact' || rest.accuracy === 'fast')
  )
}

function forEachHead(shape: KvCacheShape, visit: (layer: number, head: number) => void): void {
  for (let layer = 0; layer < shape.layers; layer++) for (let head = 0; head < shape.kvHeads; head++) visit(layer, head)
}
