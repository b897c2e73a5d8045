/**
 * MurmurHash3 (x86, 32 bits; Appleby, public domain) of bytes. Every word is mixed in by a bijection, so a change within one word is
 * always noticed, others all but one in four thousand million times; and it is several times faster than a CRC in JavaScript.
 */
export function checksum(bytes: Uint8Array, seed = 0): number {
  const words = bytes.length >> 2
  // most bytes begin at a multiple of four; others are copied
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const body = new Uint32Array(aligned.buffer, aligned.byteOffset, words)
  let hash = seed
  for (let index = 0; index < words; index++) {
    hash ^= mixed(body[index]!)
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let index = bytes.length - 1; index >= words * 4; index--) tail = (tail << 8) | bytes[index]!
  hash ^= mixed(tail)
  hash ^= bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function mixed(word: number): number {
  const product = Math.imul(word, 0xcc9e2d51)
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593)
}
