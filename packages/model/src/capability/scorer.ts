import type { Span } from '../text/span.ts'
import type { CallOptions } from './call-options.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Text, or token ids of the model in question. */
export type TextOrIds = string | ArrayLike<number>

/**
 * Whether numbers must be those of the dequantised weights in float32 (`'exact'`) or may be computed with 8-bit
 * activations (`'fast'`).
 */
export type Accuracy = 'exact' | 'fast'

/** A text to score, and what comes before it. */
export interface ScoreRequest {
  /** What comes before; may be empty. */
  context: TextOrIds | PreparedContext
  /** What is scored. */
  continuation: TextOrIds
  /**
   * `'text'`: the joined string is tokenised once and mapped by offsets (default when both are strings).
   * `'ids'`: the two are tokenised apart.
   */
  join?: 'text' | 'ids'
}

/** The scored tokens of one request. */
export interface ScoreResult {
  /** The token ids of the continuation, `[T]`. */
  ids: Uint32Array
  /** For each token its range in the continuation (in the text that `ids` decode to, when ids were given). */
  spans: Span[]
  /** Natural-log probability of each token given all before it, `[T]`. NaN for the first token when nothing precedes it. */
  logprobs: Float32Array
  /** The accuracy that was used, where the model offers several. */
  accuracy?: Accuracy
}

/** Options of `Scorer.score`. */
export interface ScoreOptions extends CallOptions {
  /** Defaults to `'exact'`. Models that know only one ignore it and say so in the result. */
  accuracy?: Accuracy
  /**
   * A key-value cache policy, as in `GenerateRequest`: the context is read as a prompt under it, then each token of the continuation
   * is scored with what the policy has kept by then, as if it were being generated. Prepared contexts cannot be scored this way.
   */
  policy?: unknown
}

/** Options of `Scorer.prepare`. */
export interface PrepareOptions extends CallOptions {
  accuracy?: Accuracy
}

/** Log-probabilities of given text under a language model. */
export interface Scorer {
  readonly id?: string
  /** Identifies the weights: scorers with the same hash give the same numbers, so that scores may be kept between processes. */
  readonly weightsHash?: string
  /** The longest context plus continuation in tokens. */
  readonly contextLength?: number
  readonly tokenizer: Tokenizer
  /** Scores all requests, in the order given; the model batches as it can. */
  score(requests: readonly ScoreRequest[], options?: ScoreOptions): Promise<ScoreResult[]>
  /** Keeps the cache of a prefix that many requests share; restores one from the bytes of `save`. */
  prepare?(context: TextOrIds | Uint8Array, options?: PrepareOptions): Promise<PreparedContext>
}

/** A prefix whose key-value cache is kept. Holds native memory: `close` it. */
export interface PreparedContext {
  /** Tokens in the cache. */
  readonly length: number
  extend(addition: TextOrIds, options?: CallOptions): Promise<void>
  /** Keeps the first `length` tokens. */
  truncate(length: number): void
  /** Keeps the tokens at these positions, ascending. */
  keep(positions: ArrayLike<number>): Promise<void>
  /** An independent copy that shares what it can. */
  fork(): PreparedContext
  /** Bytes that `Scorer.prepare` restores. */
  save(): Promise<Uint8Array>
  close(): Promise<void>
}
