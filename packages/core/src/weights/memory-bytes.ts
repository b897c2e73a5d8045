import { FileFormatError } from '../errors/file-format-error.ts'
import type { ByteSource } from './byte-source.ts'

/** Bytes that are already in memory. `read` gives views, not copies. */
export function memoryBytes(data: ArrayBuffer | ArrayBufferView, name = 'memory'): ByteSource {
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
  return {
    size: bytes.byteLength,
    name,
    async read(offset, length, signal) {
      signal?.throwIfAborted()
      checkRange(name, bytes.byteLength, offset, length)
      return bytes.subarray(offset, offset + length)
    },
    async close() {},
  }
}

/** Throws `FileFormatError` unless a range lies inside a file of `size` bytes. */
export function checkRange(file: string, size: number, offset: number, length: number): void {
  if (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= size
  )
    return
  throw new FileFormatError({
    file,
    format: 'model',
    offset,
    problem: `${length} bytes are asked for, but the file has ${size}`,
  })
}
