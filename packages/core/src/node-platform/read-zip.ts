/** @file The members of a zip file (wheels are zip files): stored or deflated, below 4 GB, sizes checked before anything is unpacked. */
import { createReadStream, type ReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { FileFormatError } from '../errors/file-format-error.ts'
import type { ByteSource } from '../weights/byte-source.ts'

export interface ZipMember {
  readonly name: string
  readonly method: number
  readonly packedSize: number
  readonly size: number
  /** Where its local header begins. */
  readonly offset: number
}

const endSize = 22
const longestComment = 65_535
const largestDirectory = 1 << 24

/**
 * The directory of a zip file.
 *
 * @throws FileFormatError.
 */
export async function readZipDirectory(source: ByteSource, signal?: AbortSignal): Promise<Map<string, ZipMember>> {
  const fail = (problem: string, offset?: number): FileFormatError =>
    new FileFormatError({ file: source.name, format: 'zip', problem, ...(offset !== undefined && { offset }) })
  const tailSize = Math.min(source.size, endSize + longestComment)
  const tail = await source.read(source.size - tailSize, tailSize, signal)
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  let end = tailSize - endSize
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--
  if (end < 0) throw fail('it has no end of directory')
  const count = view.getUint16(end + 10, true)
  const size = view.getUint32(end + 12, true)
  const offset = view.getUint32(end + 16, true)
  if (size > largestDirectory || offset + size > source.size)
    throw fail('its directory does not fit', source.size - tailSize + end)
  return parseDirectory(await source.read(offset, size, signal), count, source.size, (problem, at) =>
    fail(problem, offset + at),
  )
}

function parseDirectory(
  bytes: Uint8Array,
  count: number,
  fileSize: number,
  fail: (problem: string, at: number) => FileFormatError,
): Map<string, ZipMember> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const members = new Map<string, ZipMember>()
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50)
      throw fail('a directory entry is cut off', at)
    const nameLength = view.getUint16(at + 28, true)
    const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
    if (next > bytes.length) throw fail('a directory entry is cut off', at)
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength))
    const member = {
      name,
      method: view.getUint16(at + 10, true),
      packedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    }
    if ((view.getUint16(at + 8, true) & 1) !== 0) throw fail(`${name} is encrypted`, at)
    if (member.offset + member.packedSize > fileSize || member.size === 0xffffffff)
      throw fail(`${name} does not fit the file`, at)
    members.set(name, member)
    at = next
  }
  return members
}

/** The unpacked bytes of a member of a local file; more than its declared size is an error. */
export async function* readZipMember(
  source: ByteSource,
  member: ZipMember,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const fail = (problem: string): FileFormatError =>
    new FileFormatError({
      file: source.name,
      format: 'zip',
      offset: member.offset,
      problem: `${member.name} ${problem}`,
    })
  const header = await source.read(member.offset, 30, signal)
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  if (view.getUint32(0, true) !== 0x04034b50) throw fail('has no header')
  const start = member.offset + 30 + view.getUint16(26, true) + view.getUint16(28, true)
  if (source.path === undefined || start + member.packedSize > source.size) throw fail('does not fit the file')
  if (member.method !== 0 && member.method !== 8) throw fail(`is packed with the unknown method ${member.method}`)
  let received = 0
  for await (const bytes of unpack(source.path, start, member, signal)) {
    received += bytes.length
    if (received > member.size) throw fail('unpacks to more than it declares')
    yield bytes
  }
  if (received !== member.size) throw fail('unpacks to less than it declares')
}

async function* unpack(
  path: string,
  start: number,
  member: ZipMember,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (member.packedSize === 0) return
  const file: ReadStream = createReadStream(path, {
    start,
    end: start + member.packedSize - 1,
    highWaterMark: 1 << 20,
    signal,
  })
  if (member.method === 0) {
    yield* file as AsyncIterable<Uint8Array>
    return
  }
  const inflate = createInflateRaw()
  file.on('error', (error) => inflate.destroy(error))
  yield* file.pipe(inflate) as Readable as AsyncIterable<Uint8Array>
}
