import type { Span } from '../text/span.ts'

/** Token ids of a text, and for each token the characters that it stands for. */
export interface Encoding {
  /** Token ids, `[T]`. */
  ids: Uint32Array
  /** For each token its half-open UTF-16 range in the text; special tokens that stand for no text have an empty span. */
  spans: Span[]
}

/** Options of `Tokenizer.encode`. */
export interface EncodeOptions {
  /**
   * `'none'`: special-token strings in the text are ordinary text and nothing is added.
   * `'model'`: special-token strings are recognised and the model's own begin and end tokens are added.
   * Defaults to `'none'`.
   */
  special?: 'none' | 'model'
}

/** Options of `Tokenizer.decode`. */
export interface DecodeOptions {
  /** Whether special tokens appear in the text. Defaults to `'drop'`. */
  special?: 'drop' | 'keep'
}

/** Splits text into the tokens of a model and back. Synchronous. */
export interface Tokenizer {
  /** Names the vocabulary: two tokenizers with the same id give the same ids. */
  readonly id: string
  encode(text: string, options?: EncodeOptions): Encoding
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string
  /** The number of tokens of `encode(text)` with `special: 'none'`. */
  count(text: string): number
  /** False for an estimate, as for a remote model whose vocabulary is not known. Defaults to true. */
  readonly exact?: boolean
}
