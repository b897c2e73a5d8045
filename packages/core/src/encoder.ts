/**
 * Local encoders: texts to vectors, relevance of texts to a query, labels of tokens.
 *
 * @module
 */
export {
  type LoadEncoderOptions,
  loadEmbedder,
  loadEncoder,
  loadReranker,
  loadTokenClassifier,
} from './local/encoder/load-encoder.ts'
export type { EmbedderSettings, LocalEmbedder } from './local/encoder/local-embedder.ts'
export type { LocalReranker } from './local/encoder/local-reranker.ts'
export type { LocalTokenClassifier } from './local/encoder/local-token-classifier.ts'
export { type LocalEncoder, type OpenEncoderOptions, openEncoder } from './local/encoder/open-encoder.ts'
export type {
  BertConfig,
  EncoderActivation,
  EncoderConfig,
  EncoderHead,
  EncoderSizes,
  ModernBertConfig,
  ModernBertLayer,
  ModernBertRope,
} from './models/encoder/encoder-config.ts'
export { type EncoderRow, encoderFeeds } from './models/encoder/encoder-feeds.ts'
export { buildEncoderGraph, type EncoderGraphOptions } from './models/encoder/encoder-graph.ts'
export { type BindEncoderWeightsOptions, bindEncoderWeights } from './models/encoder/encoder-weights.ts'
export type { Pooling } from './models/encoder/pooling.ts'
export { encoderModelTypes, readEncoderConfig } from './models/encoder/read-encoder-config.ts'
