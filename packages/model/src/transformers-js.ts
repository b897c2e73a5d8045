/** Loaded pipelines and models of transformers.js as models of lc; structural types, no dependency. @module */
export type {
  LoadedDecoder,
  LoadedEncoding,
  LoadedFeatureExtraction,
  LoadedModel,
  LoadedPair,
  LoadedTensor,
  LoadedTokenizer,
  LoadedTokenizerOptions,
} from './transformers-js-bridge/loaded-objects.ts'
export {
  type TransformersJsEmbedderOptions,
  transformersJsEmbedder,
} from './transformers-js-bridge/transformers-js-embedder.ts'
export {
  type TransformersJsLanguageModelOptions,
  transformersJsLanguageModel,
} from './transformers-js-bridge/transformers-js-language-model.ts'
export {
  type TransformersJsRerankerOptions,
  transformersJsReranker,
} from './transformers-js-bridge/transformers-js-reranker.ts'
export {
  type TransformersJsTokenClassifierOptions,
  transformersJsTokenClassifier,
} from './transformers-js-bridge/transformers-js-token-classifier.ts'
export {
  type TransformersJsTokenizerOptions,
  transformersJsTokenizer,
} from './transformers-js-bridge/transformers-js-tokenizer.ts'
