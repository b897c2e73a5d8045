import type { Value } from '../../graph/value.ts'
import type { Tensor } from '../../runtime/tensor.ts'
import type { AttentionMode, AttentionSite } from './attention-site.ts'
import type { DecoderConfig } from './decoder-config.ts'

/** What a pattern sees of a cache before a run. */
export interface PatternFeedContext {
  readonly config: DecoderConfig
  readonly mode: AttentionMode
  /** New tokens of this run. */
  readonly tokens: number
  /** Slots that the cache has room for. */
  readonly capacity: number
  /** Position of the first new token. */
  readonly position: number
  /** The cached keys of a layer, `[G, C, D]`, after the rotation. */
  keys(layer: number): Float32Array
  /** The cached values of a layer, `[G, D, C]`. */
  values(layer: number): Float32Array
  /** Slots in use by a head. */
  length(layer: number, head: number): number
  /** Positions of the slots of a head, `[C]`. */
  positions(layer: number, head: number): Int32Array
}

/**
 * How attention chooses and reads keys: a part of the graph of each layer, fixed when the model is loaded. Policies that select
 * keys from the current query inside a layer (Quest, ShadowKV, LongHeads, ...) are patterns.
 */
export interface AttentionPattern {
  readonly id: string
  /** `fused` where chunks of prompts may take the causal kernel over everything, `open` where they may not. */
  readonly prefill: 'fused' | 'open'
  /** Builds the attention of one layer and gives `[B, T, H*D]` (a step: `[1, H*D]`). Defaults to `plainAttention`. */
  build?(site: AttentionSite): Value
  /** Whether a query sees a key, by their positions; never asked for keys after the query. Defaults to all. */
  visible?(query: number, key: number, layer: number): boolean
  /** The inputs that `build` declared, before each run: names with `.` and the layer's number. */
  feed?(context: PatternFeedContext): Record<string, Tensor>
}

/** Every token sees all before it. */
export const fullAttention: AttentionPattern = { id: 'full', prefill: 'fused' }

/**
 * The first `sink` tokens and the last `window`, the query's own included (StreamingLLM's visible set, Xiao et al. 2023, at the
 * original positions).
 */
export function sinkWindowAttention(options: { readonly sink: number; readonly window: number }): AttentionPattern {
  const { sink, window } = options
  return {
    id: `sink-window(${sink}, ${window})`,
    prefill: 'open',
    visible: (query, key) => key < sink || query - key < window,
  }
}
