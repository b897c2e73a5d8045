import type { StreamDecoder } from './local-tokenizer.ts'
import type { TokenDecoder } from './token-decoder.ts'

/** Decodes ids as they come; `tokenOf` gives undefined for ids that are to be dropped. */
export function createStreamDecoder(decoder: TokenDecoder, tokenOf: (id: number) => string | undefined): StreamDecoder {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  let first = true
  return {
    push(id) {
      const token = tokenOf(id)
      if (token === undefined) return ''
      const bytes = decoder.bytes(token, first)
      first = false
      return text.decode(bytes, { stream: true })
    },
    end: () => text.decode(),
  }
}
