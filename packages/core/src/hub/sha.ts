/**
 * @file SHA-256 and SHA-1 piece by piece (FIPS 180-4). Browsers can only hash what is whole in memory, and model files are
 * not; Node uses its own implementation.
 */
import type { StreamingHash } from './streaming-hash.ts'

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const roundConstants = fractionalRoots(64, 3)

function fractionalRoots(count: number, degree: 2 | 3): Uint32Array {
  const out = new Uint32Array(count)
  for (let candidate = 2, found = 0; found < count; candidate++) {
    let prime = true
    for (let divisor = 2; divisor * divisor <= candidate && prime; divisor++) prime = candidate % divisor !== 0
    if (!prime) continue
    out[found++] = fractionalRoot(candidate, degree)
  }
  return out
}

/** 32 bits of the fraction of a root, by integer arithmetic: floor(root * 2^32) mod 2^32. */
function fractionalRoot(value: number, degree: 2 | 3): number {
  const scaled = BigInt(value) << BigInt(32 * degree)
  let low = 0n
  let high = 1n << 40n
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (middle ** BigInt(degree) <= scaled) low = middle
    else high = middle
  }
  return Number(low & 0xffffffffn)
}

/** Collects input into blocks of 64 bytes and pads the end. */
class BlockHash implements StreamingHash {
  readonly #block = new Uint8Array(64)
  readonly #view = new DataView(this.#block.buffer)
  readonly #state: Uint32Array
  readonly #compress: (state: Uint32Array, block: DataView) => void
  #filled = 0
  #length = 0

  constructor(state: Uint32Array, compress: (state: Uint32Array, block: DataView) => void) {
    this.#state = state
    this.#compress = compress
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length
    let at = 0
    if (this.#filled > 0) {
      at = Math.min(64 - this.#filled, bytes.length)
      this.#block.set(bytes.subarray(0, at), this.#filled)
      this.#filled += at
      if (this.#filled < 64) return
      this.#compress(this.#state, this.#view)
      this.#filled = 0
    }
    for (; at + 64 <= bytes.length; at += 64)
      this.#compress(this.#state, new DataView(bytes.buffer, bytes.byteOffset + at, 64))
    this.#block.set(bytes.subarray(at))
    this.#filled = bytes.length - at
  }

  hex(): string {
    const bits = this.#length * 8
    const padding = new Uint8Array((this.#filled < 56 ? 56 : 120) - this.#filled + 8)
    padding[0] = 0x80
    const view = new DataView(padding.buffer)
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32))
    view.setUint32(padding.length - 4, bits >>> 0)
    this.update(padding)
    return [...this.#state].map((word) => word.toString(16).padStart(8, '0')).join('')
  }
}

const schedule = new Uint32Array(80)

function compressSha256(state: Uint32Array, block: DataView): void {
  const w = schedule
  for (let i = 0; i < 16; i++) w[i] = block.getUint32(4 * i)
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!
    const y = w[i - 2]!
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + roundConstants[i]! + w[i]!) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  const out = [a, b, c, d, e, f, g, h]
  for (let i = 0; i < 8; i++) state[i] = state[i]! + out[i]!
}

function compressSha1(state: Uint32Array, block: DataView): void {
  const w = schedule
  for (let i = 0; i < 16; i++) w[i] = block.getUint32(4 * i)
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!
    w[i] = (x << 1) | (x >>> 31)
  }
  let [a, b, c, d, e] = state as unknown as [number, number, number, number, number]
  for (let i = 0; i < 80; i++) {
    const [f, k] =
      i < 20
        ? [(b & c) | (~b & d), 0x5a827999]
        : i < 40
          ? [b ^ c ^ d, 0x6ed9eba1]
          : i < 60
            ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
            : [b ^ c ^ d, 0xca62c1d6]
    const t = (((a << 5) | (a >>> 27)) + f + e + k + w[i]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = t
  }
  const out = [a, b, c, d, e]
  for (let i = 0; i < 5; i++) state[i] = state[i]! + out[i]!
}

/** SHA-256 in plain JavaScript. */
export function sha256(): StreamingHash {
  return new BlockHash(fractionalRoots(8, 2), compressSha256)
}

/** SHA-1 in plain JavaScript: the hash of git, by which the hub names small files. */
export function sha1(): StreamingHash {
  return new BlockHash(Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0), compressSha1)
}
