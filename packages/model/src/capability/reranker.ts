import type { CallOptions } from './call-options.ts'

/** Relevance of texts to a query, higher is better; one score per text, in the order given. */
export interface Reranker {
  readonly id?: string
  rank(query: string, texts: readonly string[], options?: CallOptions): Promise<Float32Array>
}
