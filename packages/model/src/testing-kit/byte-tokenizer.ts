import type { Tokenizer } from '../capability/tokenizer.ts'
import { spansOfBytes } from '../text/byte-offsets.ts'

/**
 * The tokenizer whose tokens are the UTF-8 bytes of the text. Tokens of one character share its span. A lone surrogate,
 * which UTF-8 cannot hold, becomes U+FFFD.
 */
export function byteTokenizer(): Tokenizer {
  const encoder = new TextEncoder()
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  return {
    id: 'utf-8-bytes',
    encode(text) {
      const bytes = encoder.encode(text)
      return { ids: Uint32Array.from(bytes), spans: spansOfBytes(text, new Uint8Array(bytes.length).fill(1)) }
    },
    decode: (ids) => decoder.decode(Uint8Array.from(ids)),
    count: (text) => encoder.encode(text).length,
  }
}
