/** LLMLingua-2: an encoder tells of each word whether to keep it. @module */
export { type CompressByClassifierOptions, compressByClassifier, llmLingua2 } from './llmlingua2/llmlingua2.ts'
export { officialLlmLingua2 } from './llmlingua2/official-llmlingua2.ts'
export type {
  OfficialCompression2,
  OfficialLlmLingua2Options,
  VocabularyClassifier,
  VocabularyTokenizer,
} from './llmlingua2/official-options.ts'
export { type LlmLingua2Options, llmLingua2Defaults } from './llmlingua2/options.ts'
export type { ProtectedKind } from './prose/protected-spans.ts'
export type { ProtectionOptions } from './prose/protection.ts'
