import type { Random } from './random.ts'

const extremes = [
  0n,
  1n,
  2n,
  7n,
  8n,
  0x7fn,
  0xffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 31n * 8n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n,
  2n ** 64n - 1n,
]

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array

const mutations: readonly Mutation[] = [
  (bytes, random) => {
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256)
    return bytes
  },
  (bytes, random) => {
    if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
    return bytes
  },
  (bytes, random) => writeExtreme(bytes, random, 4),
  (bytes, random) => writeExtreme(bytes, random, 8),
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => {
    const from = random.below(bytes.length + 1)
    const length = random.below(Math.min(64, bytes.length - from + 1))
    return join(bytes.subarray(0, from), bytes.subarray(from + length))
  },
  (bytes, random) => {
    const from = random.below(bytes.length + 1)
    const piece = bytes.slice(from, from + random.below(64))
    const at = random.below(bytes.length + 1)
    return join(bytes.subarray(0, at), piece, bytes.subarray(at))
  },
  (bytes, random) => {
    const from = random.below(bytes.length + 1)
    bytes.copyWithin(random.below(bytes.length + 1), from, from + random.below(256))
    return bytes
  },
]

/** A few mutations of a copy of the bytes; often near the front, where headers have their counts. */
export function mutateBytes(seed: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = seed.slice()
  for (let count = 1 + random.below(4); count > 0; count--) {
    if (random.below(3) > 0) bytes = random.pick(mutations)(bytes, random)
    else {
      const head = Math.min(bytes.length, 64 << random.below(6))
      bytes = join(random.pick(mutations)(bytes.slice(0, head), random), bytes.subarray(head))
    }
  }
  return bytes
}

function writeExtreme(bytes: Uint8Array, random: Random, width: 4 | 8): Uint8Array {
  if (bytes.length < width) return bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const at = random.below(bytes.length - width + 1)
  const value = random.below(3) === 0 ? BigInt(bytes.length + random.below(17) - 8) : random.pick(extremes)
  if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, value)), true)
  else view.setBigUint64(at, BigInt.asUintN(64, value), true)
  return bytes
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
