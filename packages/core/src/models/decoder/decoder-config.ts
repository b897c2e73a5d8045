import type { RopeConfig } from '../rope/rope-config.ts'

/** A layer of a decoder, where layers differ. */
export interface DecoderLayerConfig {
  /** A query sees the last `window` keys, its own included. Missing: all. */
  readonly window?: number
  /** Key of `DecoderConfig.ropes`; missing for a layer without positions. */
  readonly rope?: string
}

/** What the graph of a decoder is built from: the families' configurations in one form. */
export interface DecoderConfig {
  readonly modelType: string
  readonly vocabularySize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  /** Query heads. */
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly layers: readonly DecoderLayerConfig[]
  readonly ropes: Readonly<Record<string, RopeConfig>>
  readonly normEpsilon: number
  readonly activation: 'silu' | 'gelu-tanh'
  /** Factor on the embedded tokens. */
  readonly embeddingScale: number
  /** Factor on query times key. */
  readonly queryScale: number
  /** c in c * tanh(score / c). */
  readonly attentionSoftcap?: number
  readonly finalSoftcap?: number
  readonly biases: { readonly query: boolean; readonly output: boolean; readonly mlp: boolean }
  /** Root mean square norm of each query and key head before the rotation. */
  readonly queryKeyNorm: boolean
  /** `sandwich`: a norm before and one after attention and MLP each (Gemma 3). */
  readonly norms: 'pre' | 'sandwich'
  /** Norm weights are stored less one (Gemma). */
  readonly shiftedNorms: boolean
  /** Whether q, k, v and gate, up lie in one matrix each (Phi 3). */
  readonly fusedWeights: boolean
  /** Whether the output head is the embedding table. */
  readonly tiedHead: boolean
  /** Positions that the model is made for. */
  readonly maxPositions: number
}
