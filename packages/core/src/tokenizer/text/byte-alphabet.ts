/**
 * @file The alphabet of byte-level BPE (GPT-2): each byte is written as one printable letter. Bytes 33-126, 161-172 and
 * 174-255 are themselves, the others are 256, 257, ... in order.
 */

const letters: string[] = []
const bytes = new Map<number, number>()
let next = 256
for (let byte = 0; byte < 256; byte++) {
  const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  const code = printable ? byte : next++
  letters.push(String.fromCharCode(code))
  bytes.set(code, byte)
}

/** The letter of each byte. */
export const byteLetters: readonly string[] = letters

/** The bytes that a token of byte-level BPE stands for; undefined when it holds a letter outside the alphabet. */
export function bytesOfLetters(token: string): Uint8Array | undefined {
  const out = new Uint8Array(token.length)
  for (let i = 0; i < token.length; i++) {
    const byte = bytes.get(token.charCodeAt(i))
    if (byte === undefined) return undefined
    out[i] = byte
  }
  return out
}
