import type { Value } from '../../graph/value.ts'
import type { HostTensor, Tensor } from '../../runtime/tensor.ts'
import type { RopeTables } from '../rope/rope-tables.ts'
import type { AttentionMode } from './attention-mode.ts'
import type { AttentionSite } from './attention-site.ts'
import type { DecoderConfig } from './decoder-config.ts'

/** What a pattern sees of a cache at a run. */
export interface PatternFeedContext {
  /** Stands for the cache: the same object as long as it is the same cache; a fork is another. For what a pattern keeps by it. */
  readonly cache: object
  /** Counts changes of the cache other than appending and truncating: what was derived from its slots is valid for one value. */
  readonly edits: number
  readonly config: DecoderConfig
  /** Rotations of this text. */
  readonly ropes: RopeTables
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
  /**
   * Which of several graphs a run takes: `build` finds the name in its site. Each is a program of its own, compiled when it is first
   * taken. Missing or undefined: the one without a name. Batches of texts always take that one, and feed it nothing.
   */
  variant?(context: PatternFeedContext): string | undefined
  /** Whether a query sees a key, by their positions; never asked for keys after the query. Defaults to all. */
  visible?(query: number, key: number, layer: number): boolean
  /** The inputs that `build` declared, before each run: names with `.` and the layer's number. */
  feed?(context: PatternFeedContext): Record<string, Tensor>
  /** Outputs that `observe` wants of a run: those that `build` named, and `query.<l>`, `key.<l>`, `value.<l>`. Defaults to none. */
  fetches?(context: PatternFeedContext): readonly string[]
  /** Told when a cache was forked, by the objects that stand for the two: for patterns that could not make again what they keep by it. */
  forked?(from: object, to: object): void
  /** Told after each run whose tokens go into the cache, just before they do, with what was fetched. */
  observe?(context: PatternFeedContext, outputs: Readonly<Record<string, HostTensor>>): void
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
