import type { Span } from '../text/span.ts'
import type { CallOptions } from './call-options.ts'
import type { TextOrIds } from './scorer.ts'
import type { Tokenizer } from './tokenizer.ts'

/** The labels of the tokens of one text. */
export interface TokenClassification {
  ids: Uint32Array
  spans: Span[]
  /** `[T, labels]`, row-major, before the softmax. */
  logits: Float32Array
}

/** Options of `TokenClassifier.classify`. */
export interface ClassifyOptions extends CallOptions {
  /**
   * `'model'` (default): the model reads its own special tokens around each text; they are not in the result.
   * `'none'`: it reads the ids that are given, and no others.
   */
  special?: 'model' | 'none' | undefined
}

/** A label distribution for each token. */
export interface TokenClassifier {
  readonly id?: string
  readonly tokenizer: Tokenizer
  readonly labels: readonly string[]
  /** The longest input in tokens. */
  readonly contextLength?: number
  classify(texts: readonly TextOrIds[], options?: ClassifyOptions): Promise<TokenClassification[]>
}
