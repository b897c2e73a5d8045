import type { CallOptions } from './call-options.ts'

/** Options of `Embedder.embed`. */
export interface EmbedOptions extends CallOptions {
  /** Chooses the model's own prefix or prompt. Defaults to `'document'`. */
  kind?: 'query' | 'document'
  /** `'pooled'`: one vector a text `[D]`; `'tokens'`: one a token, `[T * D]`. Defaults to `'pooled'`. */
  output?: 'pooled' | 'tokens'
}

/** Texts to vectors. */
export interface Embedder {
  readonly id?: string
  readonly dimensions: number
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>
}
