/**
 * @file The alphabet in which byte-level vocabularies write bytes (Radford et al. 2019, GPT-2): printable Latin-1
 * characters stand for themselves, the other bytes for the characters from U+0100 on, in order.
 */

const byteOfCharacter = new Map<string, number>()
for (let byte = 0, next = 256; byte < 256; byte++) {
  const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  byteOfCharacter.set(String.fromCharCode(printable ? byte : next++), byte)
}

/**
 * How many bytes each token of a text stands for, when the tokens are written in the byte alphabet and together are
 * exactly the UTF-8 bytes of the text; undefined otherwise.
 */
export function byteLengthsOf(text: string, tokens: readonly string[]): Uint32Array | undefined {
  const bytes = new TextEncoder().encode(text)
  const lengths = new Uint32Array(tokens.length)
  let position = 0
  for (const [index, token] of tokens.entries()) {
    for (const character of token) if (byteOfCharacter.get(character) !== bytes[position++]) return undefined
    lengths[index] = token.length
  }
  return position === bytes.length ? lengths : undefined
}
