/**
 * @file The header of a GGUF file (versions 2 and 3): metadata and tensor table, with the checks of the reference reader
 * (ggml-org/llama.cpp `gguf.cpp`): lengths against the file, no duplicate names, dimensions, alignment, and offsets that
 * are exactly the running sum of padded sizes.
 */
import { FileFormatError } from '../../errors/file-format-error.ts'
import type { ByteSource } from '../byte-source.ts'
import { decodeUtf8, GgufCursor, NeedMoreBytes } from './gguf-cursor.ts'
import { GgufMetadata, type GgufNumberList, type GgufStringList, type GgufValue } from './gguf-metadata.ts'
import { type GgufType, ggufType } from './gguf-type.ts'

/** Where a tensor lies in a GGUF file. */
export interface GgufTensor {
  readonly name: string
  readonly type: GgufType
  /** Row-major shape: GGUF's dimensions reversed. */
  readonly shape: readonly number[]
  /** Byte offset from the start of the file. */
  readonly offset: number
  readonly byteLength: number
}

/** The checked header of a GGUF file. */
export interface GgufHeader {
  readonly version: number
  readonly metadata: GgufMetadata
  readonly tensors: ReadonlyMap<string, GgufTensor>
  /** Where tensor data begins. */
  readonly dataStart: number
}

const firstRead = 1 << 20
/** No real header comes near this; it bounds what a hostile file can make us hold. */
const largestHeader = 1 << 28

/**
 * Reads and checks the header.
 *
 * @throws FileFormatError for anything that is not a complete, consistent GGUF file of a supported version.
 */
export async function readGgufHeader(source: ByteSource, signal?: AbortSignal): Promise<GgufHeader> {
  let length = Math.min(source.size, firstRead)
  for (;;) {
    const bytes = await source.read(0, length, signal)
    try {
      return parseGgufHeader(new GgufCursor(source.name, source.size, bytes))
    } catch (error) {
      if (!(error instanceof NeedMoreBytes)) throw error
      if (error.needed > largestHeader)
        throw new FileFormatError({
          file: source.name,
          format: 'gguf',
          problem: `the header is larger than ${largestHeader} bytes`,
          cause: error,
        })
      length = Math.min(source.size, largestHeader, Math.max(error.needed, length * 4))
    }
  }
}

interface RawTensor {
  readonly name: string
  readonly dimensions: number[]
  readonly typeId: number
  readonly relativeOffset: number
  readonly at: number
}

function parseGgufHeader(cursor: GgufCursor): GgufHeader {
  const version = checkVersion(cursor)
  // a tensor entry takes at least 8 + 4 + 4 + 8 bytes, a key-value pair at least 8 + 4 + 1
  const tensorCount = cursor.size('the number of tensors', 24)
  const pairCount = cursor.size('the number of metadata entries', 13)
  const values = new Map<string, GgufValue>()
  for (let i = 0; i < pairCount; i++) {
    const at = cursor.offset
    const key = cursor.string('a metadata key')
    if (key === '') throw cursor.problem('a metadata key is empty', at)
    if (values.has(key)) throw cursor.problem(`metadata key ${JSON.stringify(key)} occurs twice`, at)
    values.set(key, readValue(cursor, cursor.u32(`the type of ${key}`), key))
  }
  const metadata = new GgufMetadata(cursor.file, values)
  const alignment = readAlignment(cursor, values)
  const raw: RawTensor[] = []
  for (let i = 0; i < tensorCount; i++) raw.push(readTensorEntry(cursor))
  const dataStart = Math.ceil(cursor.offset / alignment) * alignment
  return { version, metadata, tensors: layOut(cursor, raw, dataStart, alignment), dataStart }
}

function checkVersion(cursor: GgufCursor): number {
  const magic = cursor.u32('the magic number')
  if (magic !== 0x46554747) throw cursor.problem('it does not begin with GGUF', 0)
  const version = cursor.u32('the version')
  if ((version & 0xffff) === 0) throw cursor.problem('it is big-endian; only little-endian files are supported', 4)
  if (version === 1) throw cursor.problem('version 1 is not supported; convert it with a current llama.cpp', 4)
  if (version !== 2 && version !== 3) throw cursor.problem(`version ${version} is not supported; supported: 2, 3`, 4)
  return version
}

function readAlignment(cursor: GgufCursor, values: ReadonlyMap<string, GgufValue>): number {
  const alignment = values.get('general.alignment') ?? 32
  if (typeof alignment !== 'number' || alignment < 1 || alignment > 1 << 20 || (alignment & (alignment - 1)) !== 0)
    throw cursor.problem('general.alignment is not a power of two up to 1048576')
  return alignment
}

const scalarBytes: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
}

function readValue(cursor: GgufCursor, type: number, key: string): GgufValue {
  if (type === 8) return cursor.string(`the value of ${key}`)
  if (type === 9) return readArray(cursor, key)
  const size = Object.hasOwn(scalarBytes, type) ? scalarBytes[type] : undefined
  if (size === undefined) throw cursor.problem(`metadata ${key} has the unknown value type ${type}`, cursor.offset - 4)
  return readScalar(cursor.view(), type, cursor.take(size, `the value of ${key}`))
}

function readScalar(view: DataView, type: number, at: number): number | bigint | boolean {
  switch (type) {
    case 0:
      return view.getUint8(at)
    case 1:
      return view.getInt8(at)
    case 2:
      return view.getUint16(at, true)
    case 3:
      return view.getInt16(at, true)
    case 4:
      return view.getUint32(at, true)
    case 5:
      return view.getInt32(at, true)
    case 6:
      return view.getFloat32(at, true)
    case 7:
      return view.getUint8(at) !== 0
    case 10:
      return view.getBigUint64(at, true)
    case 11:
      return view.getBigInt64(at, true)
    default:
      return view.getFloat64(at, true)
  }
}

function readArray(cursor: GgufCursor, key: string): GgufStringList | GgufNumberList {
  const at = cursor.offset
  const type = cursor.u32(`the element type of ${key}`)
  if (type === 8) return readStringArray(cursor, key)
  const size = Object.hasOwn(scalarBytes, type) ? scalarBytes[type] : undefined
  if (size === undefined) throw cursor.problem(`metadata ${key} is a list of the unsupported element type ${type}`, at)
  const length = cursor.size(`the length of ${key}`, size)
  const start = cursor.take(length * size, `the list ${key}`)
  const view = cursor.view()
  const values = new Float64Array(length)
  for (let i = 0; i < length; i++) values[i] = Number(readScalar(view, type, start + i * size))
  return { kind: 'numbers', length, values }
}

function readStringArray(cursor: GgufCursor, key: string): GgufStringList {
  const length = cursor.size(`the length of ${key}`, 8)
  // a list that is not all there is not worth a table
  cursor.require(length * 8)
  const starts = new Float64Array(length)
  const lengths = new Uint32Array(length)
  const what = `an entry of ${key}`
  for (let i = 0; i < length; i++) {
    const size = cursor.size(what, 1)
    starts[i] = cursor.take(size, what)
    lengths[i] = size
  }
  const bytes = cursor.bytes
  let decoded: string[] | undefined
  const decode = (): string[] => {
    if (decoded) return decoded
    const strings = new Array<string>(length)
    for (let i = 0; i < length; i++) strings[i] = decodeUtf8(bytes, starts[i]!, lengths[i]!)
    decoded = strings
    return strings
  }
  return { kind: 'strings', length, decode }
}

function readTensorEntry(cursor: GgufCursor): RawTensor {
  const at = cursor.offset
  const name = cursor.string('a tensor name')
  if (name.length > 63) throw cursor.problem('a tensor name is longer than 63 bytes', at)
  const rank = cursor.u32(`the rank of ${name}`)
  if (rank > 4) throw cursor.problem(`tensor ${name} has ${rank} dimensions; at most 4 are allowed`, at)
  const dimensions: number[] = []
  for (let i = 0; i < rank; i++) dimensions.push(cursor.safeInteger(`a dimension of ${name}`))
  const typeId = cursor.u32(`the type of ${name}`)
  return { name, dimensions, typeId, relativeOffset: cursor.safeInteger(`the offset of ${name}`), at }
}

function layOut(
  cursor: GgufCursor,
  raw: readonly RawTensor[],
  dataStart: number,
  alignment: number,
): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>()
  let expected = 0
  for (const { name, dimensions, typeId, relativeOffset, at } of raw) {
    if (tensors.has(name)) throw cursor.problem(`tensor ${JSON.stringify(name)} occurs twice`, at)
    const type = ggufType(typeId)
    if (typeof type === 'string') throw cursor.problem(`tensor ${name} cannot be read: ${type}`, at)
    const elements = dimensions.reduce((product, size) => product * size, 1)
    if (!Number.isSafeInteger(elements)) throw cursor.problem(`tensor ${name} has too many elements`, at)
    if ((dimensions[0] ?? 1) % type.blockElements !== 0)
      throw cursor.problem(`the rows of tensor ${name} are not whole blocks of ${type.name}`, at)
    if (relativeOffset !== expected)
      throw cursor.problem(`tensor ${name} lies at ${relativeOffset} of the data; it must lie at ${expected}`, at)
    const byteLength = (elements / type.blockElements) * type.blockBytes
    const offset = dataStart + relativeOffset
    if (!Number.isSafeInteger(byteLength) || offset + byteLength > cursor.fileSize)
      throw cursor.problem(`tensor ${name} ends behind the end of the file (${cursor.fileSize} bytes)`, at)
    tensors.set(name, { name, type, shape: dimensions.toReversed(), offset, byteLength })
    expected += Math.ceil(byteLength / alignment) * alignment
  }
  return tensors
}
