/** @file Writes the protocol buffer wire format (varint, 32-bit and length-delimited fields), as far as ONNX needs it. */

const encoder = new TextEncoder()

/** One message under construction. Fields are written in the order of the calls. */
export class ProtobufWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  /** The message so far. The result shares memory with the writer. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** An int64, int32 or enum field. */
  integer(field: number, value: number | bigint): this {
    this.#varint(field * 8)
    this.#signed(value)
    return this
  }

  /** A float field. */
  float(field: number, value: number): this {
    this.#varint(field * 8 + 5)
    this.#reserve(4)
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true)
    this.#length += 4
    return this
  }

  /** A string field. */
  string(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value))
  }

  /** A bytes field, or an embedded message that is already written. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + 2)
    this.#varint(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }

  /** An embedded message. */
  message(field: number, write: (inner: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter()
    write(inner)
    return this.bytes(field, inner.finish())
  }

  #signed(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) {
      this.#varint(value)
      return
    }
    // negative numbers are written as ten bytes of their two's complement
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest >= 128n) {
      this.#byte(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    this.#byte(Number(rest))
  }

  #varint(value: number): void {
    let rest = value
    while (rest >= 128) {
      this.#byte((rest % 128) | 128)
      rest = Math.floor(rest / 128)
    }
    this.#byte(rest)
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length] = value
    this.#length += 1
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
