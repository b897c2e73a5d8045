/** @file Records one after the other: each with its length and checksum, so that half a record is seen as none. */
import { crc32 } from 'node:zlib'

const magic = 0x314c434c
const headBytes = 44

/** Whole records of a file. */
export interface ReadRecords {
  records: Map<string, Uint8Array>
  /** Bytes up to the end of the last whole record. */
  size: number
}

/** Layout, little-endian: magic, length of the entry, checksum of key and entry (32 bits each), key (32 bytes), entry. `key` is 64 hex digits. */
export function encodeRecord(key: string, entry: Uint8Array): Uint8Array {
  const record = new Uint8Array(headBytes + entry.length)
  const view = new DataView(record.buffer)
  view.setUint32(0, magic, true)
  view.setUint32(4, entry.length, true)
  record.set(Buffer.from(key, 'hex'), 12)
  record.set(entry, headBytes)
  view.setUint32(8, crc32(record.subarray(12)), true)
  return record
}

/** The records of a file up to the first that is not whole; of records with one key the last counts. */
export function readRecords(bytes: Uint8Array): ReadRecords {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records = new Map<string, Uint8Array>()
  let at = 0
  while (at + headBytes <= bytes.length && view.getUint32(at, true) === magic) {
    const end = at + headBytes + view.getUint32(at + 4, true)
    if (end > bytes.length || crc32(bytes.subarray(at + 12, end)) !== view.getUint32(at + 8, true)) break
    records.set(
      Buffer.from(bytes.subarray(at + 12, at + headBytes)).toString('hex'),
      bytes.subarray(at + headBytes, end),
    )
    at = end
  }
  return { records, size: at }
}
