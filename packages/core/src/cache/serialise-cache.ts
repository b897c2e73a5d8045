/** @file A key-value cache as bytes: its facts, per layer the slots in use of each head, and what a session adds. */
import type { JsonValue } from '@lc/model'
import { type CacheFormat, cacheFormats } from './cache-format.ts'
import type { KvCache, KvCacheShape } from './kv-cache.ts'
import { type ArrayToSave, cacheProblem, type SavedArray, sealArrays, unsealArrays } from './sealed-arrays.ts'

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
  /** Names of the numbers that slots carry; their values follow keys and values of each head. */
  readonly channels: readonly string[]
  /** Positions of slots: distinct lists, and which one each head has, `[L * G]`. */
  readonly positions: readonly (readonly number[])[]
  readonly heads: readonly number[]
}

/**
 * The bytes of a cache, and of arrays that a session adds. Keys and values are saved in float32; 8-bit ones get their codes again when
 * they are restored, with scales that may differ in the last bit.
 */
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

function layersToSave(cache: KvCache, header: Header): ArrayToSave[] {
  const { layers } = cache.shape
  return Array.from({ length: layers }, (_, layer) => ({
    name: nameOfLayer(layer),
    type: 'float32',
    length: sizeOfLayer(header, layer),
    fill: (target) => writeLayer(cache, layer, header.channels, target as Float32Array),
  }))
}

/** Of each head: keys `[slots, D]`, values `[slots, D]`, numbers `[channels, slots]`. */
function writeLayer(cache: KvCache, layer: number, channels: readonly string[], target: Float32Array): void {
  let offset = 0
  const put = (values: Float32Array): void => {
    target.set(values, offset)
    offset += values.length
  }
  for (let head = 0; head < cache.shape.kvHeads; head++) {
    const length = cache.lengthOf(layer, head)
    put(cache.layer(layer).keyRows(head, length))
    put(cache.layer(layer).valueRows(head, length))
    for (const name of channels) put(cache.channel(name, layer, head).subarray(0, length))
  }
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
  const { layers, kvHeads } = cache.shape
  for (let layer = 0; layer < layers; layer++) {
    const array = arrays.get(nameOfLayer(layer))
    if (!(array instanceof Float32Array) || array.length !== sizeOfLayer(header, layer))
      throw cacheProblem(`layer ${layer} has another size than its header says`)
  }
  cache.restoreSlots(
    header.heads.map((index) => header.positions[index]!),
    header.nextPosition,
  )
  for (let layer = 0; layer < layers; layer++) {
    const source = arrays.get(nameOfLayer(layer)) as Float32Array
    let offset = 0
    for (let head = 0; head < kvHeads; head++)
      offset = readHead(cache, { layer, head, source, offset }, header.channels)
  }
}

function readHead(
  cache: KvCache,
  from: { layer: number; head: number; source: Float32Array; offset: number },
  channels: readonly string[],
): number {
  const { layer, head, source } = from
  const { headDim } = cache.shape
  const target = cache.edit(layer)
  const length = cache.lengthOf(layer, head)
  const values = from.offset + length * headDim
  target.fill(head, source.subarray(from.offset, values), source.subarray(values, values + length * headDim))
  let offset = values + length * headDim
  for (const name of channels) {
    cache.channel(name, layer, head).set(source.subarray(offset, offset + length))
    offset += length
  }
  return offset
}

function nameOfLayer(layer: number): string {
  return `layer.${layer}`
}

function sizeOfLayer({ heads, positions, channels, kvHeads, headDim }: Header, layer: number): number {
  const lists = heads.slice(layer * kvHeads, (layer + 1) * kvHeads)
  return lists.reduce((sum, index) => sum + positions[index]!.length * (2 * headDim + channels.length), 0)
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
