import type { CallOptions } from './call-options.ts'
import type { PreparedContext, TextOrIds } from './scorer.ts'

/** A half-open range of token positions. */
export interface TokenRange {
  from: number
  to: number
}

/** Which attention is read, and how it is reduced. */
export interface AttendRequest {
  input: TextOrIds | PreparedContext
  /** The rows of the attention matrix that are read. */
  queries: TokenRange
  /** The columns; all by default. */
  keys?: TokenRange
  /** Layer indices; all by default. */
  layers?: readonly number[]
  /** How query heads are reduced. Defaults to `'mean'`. */
  heads?: 'each' | 'mean' | 'max'
  /** How query rows are reduced; `'weighted'` is linear, later rows more. Defaults to `'mean'`. */
  rows?: 'each' | 'mean' | 'max' | 'weighted'
  /** Stops the forward pass after this layer. */
  untilLayer?: number
}

/** Attention probabilities in row-major order. */
export interface AttendResult {
  /** `[layers, heads?, rows?, keys]`: the reduced axes are absent. */
  shape: number[]
  data: Float32Array
}

/** Attention probabilities from chosen query tokens to context tokens; never a whole T x T matrix. */
export interface Attender {
  readonly id?: string
  attend(request: AttendRequest, options?: CallOptions): Promise<AttendResult>
}
