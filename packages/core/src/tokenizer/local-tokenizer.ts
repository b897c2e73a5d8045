import type { Encoding, Span, Tokenizer } from '@lc/model'

/** Ids of tokens with a role; missing where the model has none. */
export interface SpecialTokens {
  readonly begin?: number
  readonly end?: number
  readonly unknown?: number
  readonly padding?: number
  readonly classification?: number
  readonly separator?: number
  readonly mask?: number
}

/** A pair of texts as one sequence, for rerankers and cross-encoders. */
export interface PairEncoding extends Encoding {
  /** 0 for the tokens of the first text, 1 for those of the second, `[T]`. */
  typeIds: Uint8Array
  /** Which text a span points into: 0, 1, or 255 for added tokens, `[T]`. */
  sequence: Uint8Array
}

/** Decodes ids one at a time; text comes out as soon as its characters are whole. */
export interface StreamDecoder {
  push(id: number): string
  /** What is left, with broken characters replaced by U+FFFD. */
  end(): string
}

/** The tokenizer of a local model. Immutable and synchronous. */
export interface LocalTokenizer extends Tokenizer {
  /** The number of ids, `max id + 1`. */
  readonly vocabularySize: number
  readonly special: SpecialTokens
  /**
   * Text that already contains the model's own special tokens, such as a rendered chat template: special-token strings
   * are recognised and nothing is added. Inside `literal` ranges they are ordinary text.
   */
  encodeRendered(text: string, literal?: readonly Span[]): Encoding
  /** Two texts with the model's separators and type ids. */
  encodePair(first: string, second: string): PairEncoding
  /** The id of a token by its text in the vocabulary or as an added token. */
  idOf(token: string): number | undefined
  /** The token as it stands in the vocabulary (byte-level letters, `▁`, `##`); undefined for an id that names nothing. */
  tokenOf(id: number): string | undefined
  /** The bytes that the token stands for in a text; empty for special tokens. */
  bytesOf(id: number): Uint8Array
  isSpecial(id: number): boolean
  streamDecoder(options?: { special?: 'drop' | 'keep' }): StreamDecoder
}
