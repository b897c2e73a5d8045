/** Compression without a language model: BM25, shared identifiers, embeddings or a reranker, head and tail. @module */
export { type CompressWithoutModelOptions, compressWithoutModel, noModel } from './no-model/no-model.ts'
export { type NoModelOptions, noModelDefaults, type Ranker } from './no-model/options.ts'
