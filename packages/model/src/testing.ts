/** Conformance suites for every capability, and small deterministic models that are real. @module */
export { type AttenderSuiteOptions, attenderSuite } from './testing-kit/attender-suite.ts'
export { BigramModel, type BigramModelOptions } from './testing-kit/bigram-model.ts'
export { byteTokenizer } from './testing-kit/byte-tokenizer.ts'
export { type EmbedderSuiteOptions, embedderSuite } from './testing-kit/embedder-suite.ts'
export { type HashingEmbedderOptions, hashingEmbedder } from './testing-kit/hashing-embedder.ts'
export { type LanguageModelSuiteOptions, readStream } from './testing-kit/language-model-case.ts'
export { languageModelSuite } from './testing-kit/language-model-suite.ts'
export { lookupAttender } from './testing-kit/lookup-attender.ts'
export { type RerankerSuiteOptions, rerankerSuite } from './testing-kit/reranker-suite.ts'
export { type ScorerSuiteOptions, scorerSuite } from './testing-kit/scorer-suite.ts'
export {
  largestDifference,
  type SuiteMatchers,
  type SuiteOptions,
  type SuiteRunner,
} from './testing-kit/suite-runner.ts'
export { type TokenClassifierSuiteOptions, tokenClassifierSuite } from './testing-kit/token-classifier-suite.ts'
export { type TokenizerSuiteOptions, tokenizerSuite } from './testing-kit/tokenizer-suite.ts'
export { wordListClassifier } from './testing-kit/word-list-classifier.ts'
export { wordOverlapReranker } from './testing-kit/word-overlap-reranker.ts'
export { type WordTokenizer, wordTokenizer } from './testing-kit/word-tokenizer.ts'
