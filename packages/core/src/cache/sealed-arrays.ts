/** @file Arrays with a JSON header as bytes, sealed by a checksum: an edited or shortened file is told from a whole one. */
import { FileFormatError } from '../errors/file-format-error.ts'
import { checksum } from './checksum.ts'

/** Arrays that can be saved. */
export type SavedArray = Float32Array | Float64Array | Uint8Array

/** An array to save, written where it will lie: it need not exist twice. */
export interface ArrayToSave {
  readonly name: string
  readonly type: keyof typeof arrayTypes
  readonly length: number
  fill(target: SavedArray): void
}

const arrayTypes = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array } as const
// its last digits are the version of the layout: magic, header length, checksum, header, arrays at multiples of 8
const magic = 'LCKV0003'
const prefix = 16
const longestHeader = 1 << 28

interface Directory {
  readonly facts: unknown
  readonly arrays: readonly { readonly name: string; readonly type: keyof typeof arrayTypes; readonly length: number }[]
}

/** An array that exists already. */
export function savedArray(name: string, array: SavedArray): ArrayToSave {
  const type = array instanceof Float32Array ? 'float32' : array instanceof Float64Array ? 'float64' : 'uint8'
  return { name, type, length: array.length, fill: (target) => target.set(array) }
}

/** The bytes of facts (as JSON) and arrays. */
export function sealArrays(facts: unknown, arrays: readonly ArrayToSave[]): Uint8Array {
  const list = arrays.map(({ name, type, length }) => ({ name, type, length }))
  const header = new TextEncoder().encode(JSON.stringify({ facts, arrays: list } satisfies Directory))
  const { starts, end } = placeArrays(list, header.length)
  const bytes = new Uint8Array(end)
  bytes.set(new TextEncoder().encode(magic))
  bytes.set(header, prefix)
  for (const [index, { type, length, fill }] of arrays.entries())
    fill(new arrayTypes[type](bytes.buffer, starts[index]!, length))
  const view = new DataView(bytes.buffer)
  view.setUint32(8, header.length, true)
  view.setUint32(12, checksumOf(bytes), true)
  return bytes
}

/**
 * What was sealed. Arrays may be views of the bytes.
 *
 * @throws FileFormatError for other bytes, of another version too, and for those that were shortened or changed
 */
export function unsealArrays(bytes: Uint8Array): { facts: unknown; arrays: ReadonlyMap<string, SavedArray> } {
  const { facts, arrays } = readDirectory(bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { starts, end } = placeArrays(arrays, view.getUint32(8, true))
  if (bytes.length !== end) throw cacheProblem(`it has ${bytes.length} bytes where its header says ${end}`)
  if (view.getUint32(12, true) !== checksumOf(bytes)) throw cacheProblem('its checksum is another: it was changed')
  const found = new Map<string, SavedArray>()
  for (const [index, { name, type, length }] of arrays.entries()) {
    const Type = arrayTypes[type]
    const start = bytes.byteOffset + starts[index]!
    const aligned = start % 8 === 0
    const own = aligned ? undefined : bytes.slice(starts[index]!, starts[index]! + length * Type.BYTES_PER_ELEMENT)
    found.set(name, own ? new Type(own.buffer, 0, length) : new Type(bytes.buffer as ArrayBuffer, start, length))
  }
  return { facts, arrays: found }
}

/** Something wrong with a saved cache. */
export function cacheProblem(problem: string, cause?: unknown): FileFormatError {
  return new FileFormatError({ file: 'saved cache', format: 'cache', problem, cause })
}

function readDirectory(bytes: Uint8Array): Directory {
  const decoder = new TextDecoder()
  if (bytes.length < prefix) throw cacheProblem('it is too short to be one')
  const begin = decoder.decode(bytes.subarray(0, 8))
  if (begin.startsWith('LCKV') && begin !== magic)
    throw cacheProblem(`its version is ${begin.slice(4)}; this one reads ${magic.slice(4)}`)
  if (begin !== magic) throw cacheProblem('it does not begin as one')
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true)
  if (length > longestHeader || prefix + length > bytes.length)
    throw cacheProblem('its header is longer than the bytes')
  let header: unknown
  try {
    header = JSON.parse(decoder.decode(bytes.subarray(prefix, prefix + length)))
  } catch (cause) {
    throw cacheProblem('its header is no JSON', cause)
  }
  const arrays = (header as Partial<Directory> | null)?.arrays
  if (!Array.isArray(arrays) || !arrays.every(isEntry)) throw cacheProblem('its header lists no arrays')
  return header as Directory
}

function isEntry(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false
  const { name, type, length } = entry as Record<string, unknown>
  const known = typeof type === 'string' && Object.hasOwn(arrayTypes, type)
  return typeof name === 'string' && known && Number.isSafeInteger(length) && (length as number) >= 0
}

function placeArrays(list: Directory['arrays'], headerLength: number): { starts: number[]; end: number } {
  const starts: number[] = []
  let end = prefix + headerLength
  for (const { type, length } of list) {
    const start = Math.ceil(end / 8) * 8
    starts.push(start)
    end = start + length * arrayTypes[type].BYTES_PER_ELEMENT
  }
  return { starts, end }
}

/** Of everything but the checksum itself. */
function checksumOf(bytes: Uint8Array): number {
  return checksum(bytes.subarray(prefix), checksum(bytes.subarray(0, 12)))
}
