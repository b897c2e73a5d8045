/** @file SHA-256 (FIPS 180-4) without the platform: synchronous, and the same in Node, browsers and on edge runtimes. */
import type { JsonValue } from '../capability/json-value.ts'

/**
 * The SHA-256 of a text (as UTF-8), of bytes, or of a JSON value (keys sorted, so that equal values have equal hashes),
 * in hex. A string and a JSON value that is that string differ.
 */
export function contentHash(content: string | Uint8Array | { json: JsonValue }): string {
  if (typeof content === 'string') return sha256(new TextEncoder().encode(content))
  if (content instanceof Uint8Array) return sha256(content)
  return sha256(new TextEncoder().encode(canonicalJson(content.json)))
}

function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null)
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key]!)}`)
      .join(',')}}`
  return JSON.stringify(value)
}

const roundConstants = Uint32Array.from(firstPrimes(64), (prime) => fractionBits(Math.cbrt(prime)))
const initialState = firstPrimes(8).map((prime) => fractionBits(Math.sqrt(prime)))

function sha256(bytes: Uint8Array): string {
  const state = Uint32Array.from(initialState)
  const schedule = new Uint32Array(64)
  const whole = bytes.length - (bytes.length % 64)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let offset = 0; offset < whole; offset += 64) compress(state, schedule, view, offset)
  const rest = bytes.length - whole
  // the end: a one bit, zeros, and the length in bits as 64 bits big-endian
  const tail = new DataView(new ArrayBuffer(rest < 56 ? 64 : 128))
  for (let index = 0; index < rest; index++) tail.setUint8(index, bytes[whole + index]!)
  tail.setUint8(rest, 0x80)
  tail.setUint32(tail.byteLength - 8, Math.floor(bytes.length / 2 ** 29))
  tail.setUint32(tail.byteLength - 4, (bytes.length << 3) >>> 0)
  for (let offset = 0; offset < tail.byteLength; offset += 64) compress(state, schedule, tail, offset)
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('')
}

function compress(state: Uint32Array, schedule: Uint32Array, view: DataView, offset: number): void {
  for (let t = 0; t < 16; t++) schedule[t] = view.getUint32(offset + t * 4)
  for (let t = 16; t < 64; t++) {
    const early = schedule[t - 15]!
    const late = schedule[t - 2]!
    const sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
    const sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
    schedule[t] = (schedule[t - 16]! + sigma0 + schedule[t - 7]! + sigma1) | 0
  }
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  let f = state[5]!
  let g = state[6]!
  let h = state[7]!
  for (let t = 0; t < 64; t++) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const choice = (e & f) ^ (~e & g)
    const first = (h + sum1 + choice + roundConstants[t]! + schedule[t]!) | 0
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + sum0 + majority) | 0
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
  state[4]! += e
  state[5]! += f
  state[6]! += g
  state[7]! += h
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}

/** The first 32 bits of the fraction, which is how the standard defines its constants. */
function fractionBits(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32)
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate++)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  return primes
}
