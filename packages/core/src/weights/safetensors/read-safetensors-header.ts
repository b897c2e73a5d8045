/**
 * @file The header of a safetensors file with the checks of the reference reader (huggingface/safetensors `tensor.rs`):
 * lengths against the file, shapes against byte ranges, no holes, no overlap, nothing behind the last tensor.
 */
import { FileFormatError } from '../../errors/file-format-error.ts'
import type { ByteSource } from '../byte-source.ts'
import type { PlainDType } from '../weight-source.ts'

/** Where a tensor lies in a safetensors file. */
export interface SafetensorsTensor {
  readonly name: string
  readonly dtype: PlainDType
  readonly shape: readonly number[]
  /** Byte offset from the start of the file. */
  readonly offset: number
  readonly byteLength: number
}

/** The checked header of a safetensors file. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>
  readonly metadata: Readonly<Record<string, string>>
}

const largestHeader = 100_000_000

const dtypes: Readonly<Record<string, { name: PlainDType; bits: number }>> = {
  BOOL: { name: 'bool', bits: 8 },
  F4: { name: 'float4', bits: 4 },
  F6_E2M3: { name: 'float6', bits: 6 },
  F6_E3M2: { name: 'float6', bits: 6 },
  U8: { name: 'uint8', bits: 8 },
  I8: { name: 'int8', bits: 8 },
  F8_E5M2: { name: 'float8', bits: 8 },
  F8_E4M3: { name: 'float8', bits: 8 },
  F8_E8M0: { name: 'float8', bits: 8 },
  F8_E4M3FNUZ: { name: 'float8', bits: 8 },
  F8_E5M2FNUZ: { name: 'float8', bits: 8 },
  I16: { name: 'int16', bits: 16 },
  U16: { name: 'uint16', bits: 16 },
  F16: { name: 'float16', bits: 16 },
  BF16: { name: 'bfloat16', bits: 16 },
  I32: { name: 'int32', bits: 32 },
  U32: { name: 'uint32', bits: 32 },
  F32: { name: 'float32', bits: 32 },
  C64: { name: 'complex64', bits: 64 },
  F64: { name: 'float64', bits: 64 },
  I64: { name: 'int64', bits: 64 },
  U64: { name: 'uint64', bits: 64 },
}

/**
 * Reads and checks the header.
 *
 * @throws FileFormatError for anything that is not a complete, consistent safetensors file.
 */
export async function readSafetensorsHeader(source: ByteSource, signal?: AbortSignal): Promise<SafetensorsHeader> {
  const fail = problemOf(source)
  if (source.size < 8) throw fail('it is shorter than 8 bytes', 0)
  const first = await source.read(0, 8, signal)
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true)
  if (length > BigInt(largestHeader))
    throw fail(`its header claims ${length} bytes; at most ${largestHeader} are allowed`, 0)
  const size = Number(length)
  if (8 + size > source.size) throw fail(`its header claims ${size} bytes, but the file has ${source.size}`, 0)
  const json = parseHeader(await source.read(8, size, signal), fail)
  const dataStart = 8 + size
  const tensors: SafetensorsTensor[] = []
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(json))
    if (name === '__metadata__') metadata = readMetadata(value, fail)
    else tensors.push(readTensor(name, value, dataStart, fail))
  checkLayout(tensors, dataStart, source.size, fail)
  return { tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])), metadata }
}

type Fail = (problem: string, offset?: number, cause?: unknown) => FileFormatError

function problemOf(source: ByteSource): Fail {
  return (problem, offset = 8, cause) =>
    new FileFormatError({ file: source.name, format: 'safetensors', offset, problem, cause })
}

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw fail('its header is not JSON in UTF-8', 8, error)
  }
  if (!isRecord(json)) throw fail('its header is not an object')
  return json
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (!isRecord(value) || Object.values(value).some((entry) => typeof entry !== 'string'))
    throw fail('its __metadata__ is not an object of strings')
  return value as Record<string, string>
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function readTensor(name: string, value: unknown, dataStart: number, fail: Fail): SafetensorsTensor {
  const quoted = JSON.stringify(name.slice(0, 200))
  if (!isRecord(value)) throw fail(`tensor ${quoted} is not an object`)
  const { dtype, shape, data_offsets: range } = value
  const type = typeof dtype === 'string' && Object.hasOwn(dtypes, dtype) ? dtypes[dtype] : undefined
  if (!type) throw fail(`tensor ${quoted} has the unknown type ${JSON.stringify(dtype)?.slice(0, 40)}`)
  if (!Array.isArray(shape) || shape.length > 16 || !shape.every(isCount))
    throw fail(`tensor ${quoted} has no valid shape`)
  if (!Array.isArray(range) || range.length !== 2 || !range.every(isCount))
    throw fail(`tensor ${quoted} has no valid data_offsets`)
  const [begin, end] = range as [number, number]
  const bits = shape.reduce((product: number, size: number) => product * size, type.bits)
  if (!Number.isSafeInteger(bits) || bits % 8 !== 0 || end - begin !== bits / 8)
    throw fail(
      `tensor ${quoted} of shape [${shape.join(', ')}] and type ${String(dtype)} does not take ${end - begin} bytes`,
    )
  return { name, dtype: type.name, shape, offset: dataStart + begin, byteLength: end - begin }
}

function checkLayout(tensors: SafetensorsTensor[], dataStart: number, fileSize: number, fail: Fail): void {
  // empty tensors sort before the ones that begin at the same place
  tensors.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength)
  let expected = dataStart
  for (const { name, offset, byteLength } of tensors) {
    if (offset !== expected)
      throw fail(
        `tensor ${JSON.stringify(name.slice(0, 200))} begins at ${offset}; it must begin at ${expected}`,
        Math.min(offset, fileSize),
      )
    expected = offset + byteLength
  }
  if (expected !== fileSize)
    throw fail(`its tensors end at ${expected}, but the file has ${fileSize} bytes`, Math.min(expected, fileSize))
}
