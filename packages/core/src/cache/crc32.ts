/** @file CRC-32 (ISO-HDLC, polynomial 0x04C11DB7 reflected), four bytes at a time. */

const tables = makeTables()

/** The checksum of bytes; `before` is that of the bytes they follow. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [first, second, third, fourth] = tables
  let crc = ~before
  let index = 0
  for (; index + 4 <= bytes.length; index += 4) {
    crc ^= bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24)
    crc = fourth![crc & 255]! ^ third![(crc >>> 8) & 255]! ^ second![(crc >>> 16) & 255]! ^ first![crc >>> 24]!
  }
  for (; index < bytes.length; index++) crc = (crc >>> 8) ^ first![(crc ^ bytes[index]!) & 255]!
  return ~crc >>> 0
}

function makeTables(): readonly Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    return crc
  })
  const all = [first]
  for (let table = 1; table < 4; table++)
    all.push(Int32Array.from(all[table - 1]!, (crc) => (crc >>> 8) ^ first[crc & 255]!))
  return all
}
