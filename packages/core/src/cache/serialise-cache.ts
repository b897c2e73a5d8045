/** @file A key-value cache as bytes: a JSON header, then per layer the slots in use of each head, keys and values `[slots, D]`. */
import type { JsonValue } from '@lc/model'
import { FileFormatError } from '../errors/file-format-error.ts'
import { KvCache, type KvCacheShape } from './kv-cache.ts'

const magic = 'LCKV0001'
const longestHeader = 1 << 28

/** What is saved beside the arrays. */
export interface SavedCacheFacts {
  /** Identifies the weights that computed the cache. */
  readonly modelHash: string
  readonly accuracy: 'exact' | 'fast'
  /** The length that rotary frequencies were chosen for. */
  readonly plannedLength: number
  /** Token ids in the order of the slots. */
  readonly ids: readonly number[]
  /** What a session adds. */
  readonly session?: {
    readonly policy: string
    readonly pending: readonly number[]
    /** Position and token id in turn. */
    readonly positions: readonly number[]
    readonly state?: JsonValue
  }
}

interface Header extends SavedCacheFacts, KvCacheShape {
  readonly nextPosition: number
  /** Names of the numbers that slots carry; their values follow keys and values of each slot. */
  readonly channels: readonly string[]
  /** Positions of slots: distinct lists, and which one each head has, `[L * G]`. */
  readonly positions: readonly (readonly number[])[]
  readonly heads: readonly number[]
}

/** The bytes of a cache. */
export function saveCache(cache: KvCache, facts: SavedCacheFacts): Uint8Array {
  const { layers, kvHeads, headDim } = cache.shape
  const lists: number[][] = []
  const known = new Map<Int32Array, number>()
  const heads: number[] = []
  forEachHead(cache.shape, (layer, head) => {
    const positions = cache.positionsOf(layer, head)
    const index = known.get(positions) ?? lists.push(Array.from(positions.subarray(0, cache.lengthOf(layer, head)))) - 1
    known.set(positions, index)
    heads.push(index)
  })
  const header: Header = {
    ...facts,
    layers,
    kvHeads,
    headDim,
    nextPosition: cache.nextPosition,
    channels: cache.channels,
    positions: lists,
    heads,
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const rows = heads.reduce((sum, index) => sum + lists[index]!.length, 0)
  const start = alignedStart(json.length)
  const width = 2 * headDim + header.channels.length
  const bytes = new Uint8Array(start + rows * width * 4)
  bytes.set(new TextEncoder().encode(magic))
  new DataView(bytes.buffer).setUint32(8, json.length, true)
  bytes.set(json, 12)
  const floats = new Float32Array(bytes.buffer, start)
  let offset = 0
  forEachHead(cache.shape, (layer, head) => {
    const numbers = header.channels.map((name) => cache.channel(name, layer, head))
    for (let slot = 0; slot < cache.lengthOf(layer, head); slot++, offset += width) {
      floats.set(cache.layer(layer).keyAt(head, slot), offset)
      floats.set(cache.layer(layer).valueAt(head, slot), offset + headDim)
      for (const [index, array] of numbers.entries()) floats[offset + 2 * headDim + index] = array[slot]!
    }
  })
  return bytes
}

/**
 * The cache that was saved.
 *
 * @throws FileFormatError for bytes that are none, or that another model saved.
 */
export function restoreCache(
  bytes: Uint8Array,
  shape: KvCacheShape,
  modelHash: string,
): { cache: KvCache; facts: SavedCacheFacts } {
  const header = readHeader(bytes)
  const same = (['layers', 'kvHeads', 'headDim'] as const).every((field) => header[field] === shape[field])
  if (!same || header.modelHash !== modelHash) throw problem('it was saved by another model')
  checkLists(header, shape)
  const rows = header.heads.reduce((sum, index) => sum + header.positions[index]!.length, 0)
  const start = alignedStart(new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true))
  const width = 2 * shape.headDim + header.channels.length
  if (bytes.length !== start + rows * width * 4) throw problem('its size does not fit its header')
  const floats = new Float32Array(bytes.slice(start).buffer)
  const cache = new KvCache(shape, { capacity: Math.max(1, ...header.positions.map((list) => list.length)) })
  const { headDim } = shape
  let offset = 0
  cache.restoreSlots(
    header.heads.map((index) => header.positions[index]!),
    header.nextPosition,
  )
  forEachHead(shape, (layer, head) => {
    const target = cache.edit(layer)
    const numbers = header.channels.map((name) => cache.channel(name, layer, head))
    for (let slot = 0; slot < cache.lengthOf(layer, head); slot++, offset += width) {
      target.setKey(head, slot, floats.subarray(offset, offset + headDim))
      target.setValue(head, slot, floats.subarray(offset + headDim, offset + 2 * headDim))
      for (const [index, array] of numbers.entries()) array[slot] = floats[offset + 2 * headDim + index]!
    }
  })
  const { accuracy, plannedLength, ids, session } = header
  return { cache, facts: { modelHash, accuracy, plannedLength, ids, ...(session && { session }) } }
}

function readHeader(bytes: Uint8Array): Header {
  const decoder = new TextDecoder()
  if (bytes.length < 12 || decoder.decode(bytes.subarray(0, 8)) !== magic) throw problem('it does not begin as one')
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true)
  if (length > longestHeader || 12 + length > bytes.length) throw problem('its header is longer than the bytes')
  let header: unknown
  try {
    header = JSON.parse(decoder.decode(bytes.subarray(12, 12 + length)))
  } catch (error) {
    throw new FileFormatError({ file: 'saved cache', format: 'cache', problem: 'its header is no JSON', cause: error })
  }
  if (typeof header !== 'object' || header === null) throw problem('its header is no object')
  return header as Header
}

function checkLists(header: Header, shape: KvCacheShape): void {
  const whole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
  const { positions, heads, ids, nextPosition, plannedLength, accuracy, channels, session } = header
  const numbers = (list: unknown): boolean => Array.isArray(list) && list.every(whole)
  const fits =
    Array.isArray(channels) &&
    channels.every((name) => typeof name === 'string') &&
    (session === undefined ||
      (typeof session === 'object' &&
        typeof session?.policy === 'string' &&
        numbers(session.pending) &&
        numbers(session.positions))) &&
    Array.isArray(positions) &&
    positions.every((list) => Array.isArray(list) && list.every(whole)) &&
    Array.isArray(heads) &&
    heads.length === shape.layers * shape.kvHeads &&
    heads.every((index) => whole(index) && index < positions.length) &&
    Array.isArray(ids) &&
    ids.every(whole) &&
    whole(nextPosition) &&
    whole(plannedLength) &&
    (accuracy === 'exact' || accuracy === 'fast')
  if (!fits) throw problem('its header has fields of the wrong kind')
}

function forEachHead(shape: KvCacheShape, visit: (layer: number, head: number) => void): void {
  for (let layer = 0; layer < shape.layers; layer++) for (let head = 0; head < shape.kvHeads; head++) visit(layer, head)
}

function alignedStart(headerLength: number): number {
  return Math.ceil((12 + headerLength) / 8) * 8
}

function problem(text: string): FileFormatError {
  return new FileFormatError({ file: 'saved cache', format: 'cache', problem: text })
}
