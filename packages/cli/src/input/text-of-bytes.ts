/** @file Which bytes are text: UTF-8 without NUL in its head, as git decides it. */

const headBytes = 8000

/** The text of UTF-8 bytes, with a byte-order mark kept so that offsets stay those of the file; undefined for binary data. */
export function textOfBytes(bytes: Uint8Array): string | undefined {
  if (bytes.subarray(0, headBytes).includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
