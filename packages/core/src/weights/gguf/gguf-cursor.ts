import { FileFormatError } from '../../errors/file-format-error.ts'

/** The header goes on behind the bytes that were read; the reader fetches more and starts again. */
export class NeedMoreBytes {
  readonly needed: number
  constructor(needed: number) {
    this.needed = needed
  }
}

/**
 * A little-endian cursor over the first bytes of a GGUF file. Every length is checked against the size of the whole file
 * before anything is allocated; a length that fits the file but not the bytes at hand throws `NeedMoreBytes`.
 */
export class GgufCursor {
  readonly file: string
  readonly fileSize: number
  readonly bytes: Uint8Array
  readonly #view: DataView
  offset = 0

  constructor(file: string, fileSize: number, bytes: Uint8Array) {
    this.file = file
    this.fileSize = fileSize
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  problem(problem: string, offset: number = this.offset): FileFormatError {
    return new FileFormatError({ file: this.file, format: 'gguf', offset, problem })
  }

  /** Moves past `length` bytes and gives the offset where they start. */
  take(length: number, what: string): number {
    const start = this.offset
    const end = start + length
    if (!Number.isSafeInteger(end) || end > this.fileSize)
      throw this.problem(`${what} needs ${length} bytes but the file ends at ${this.fileSize}`)
    if (end > this.bytes.byteLength) throw new NeedMoreBytes(end)
    this.offset = end
    return start
  }

  /** Asks for more of the file unless the next `length` bytes are at hand. */
  require(length: number): void {
    if (this.offset + length > this.bytes.byteLength) throw new NeedMoreBytes(this.offset + length)
  }

  u32(what: string): number {
    return this.#view.getUint32(this.take(4, what), true)
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.take(8, what), true)
  }

  /** A 64-bit count that must fit a double and leave room for `unitBytes` each in the rest of the file. */
  size(what: string, unitBytes: number): number {
    const at = this.offset
    const value = this.u64(what)
    const room = BigInt(Math.floor((this.fileSize - this.offset) / unitBytes))
    if (value > room) throw this.problem(`${what} is ${value}, more than the rest of the file can hold`, at)
    return Number(value)
  }

  /** A 64-bit size that is not bounded by the file itself. */
  safeInteger(what: string): number {
    const at = this.offset
    const value = this.u64(what)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.problem(`${what} is ${value}, beyond 2^53`, at)
    return Number(value)
  }

  view(): DataView {
    return this.#view
  }

  string(what: string): string {
    const length = this.size(`the length of ${what}`, 1)
    const start = this.take(length, what)
    return decodeUtf8(this.bytes, start, length)
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** UTF-8 bytes as a string; short ASCII runs, which most tokens are, skip the general decoder. */
export function decodeUtf8(bytes: Uint8Array, start: number, length: number): string {
  if (length <= 24) {
    let text = ''
    for (let i = start; i < start + length; i++) {
      const byte = bytes[i]!
      if (byte >= 0x80) return decoder.decode(bytes.subarray(start, start + length))
      text += String.fromCharCode(byte)
    }
    return text
  }
  return decoder.decode(bytes.subarray(start, start + length))
}
