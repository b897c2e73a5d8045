/**
 * A fast hash of bytes, for cache keys only: two 32-bit multiplicative hashes with different seeds and the length, as text.
 * Not for anything that an adversary can choose.
 */
export function hashBytes(bytes: Uint8Array): string {
  let first = 0xdeadbeef ^ bytes.length
  let second = 0x41c6ce57 ^ bytes.length
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index]!
    first = Math.imul(first ^ byte, 2654435761)
    second = Math.imul(second ^ byte, 1597334677)
    first ^= first >>> 15
    second ^= second >>> 13
  }
  return [first >>> 0, second >>> 0, bytes.length].map((part) => part.toString(16)).join('-')
}
