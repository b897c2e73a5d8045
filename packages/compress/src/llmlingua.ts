/** LLMLingua and LongLLMLingua: passages and words by how much a language model is surprised, with or without a question. @module */
export { compressBySurprise, llmLingua } from './llmlingua/llmlingua.ts'
export { type CompressForQuestionOptions, compressForQuestion, longLlmLingua } from './llmlingua/longllmlingua.ts'
export { officialLlmLingua } from './llmlingua/official-llmlingua.ts'
export type { OfficialCompression, OfficialLlmLinguaOptions } from './llmlingua/official-options.ts'
export {
  type LlmLinguaOptions,
  type LongLlmLinguaOptions,
  llmLinguaDefaults,
  longLlmLinguaDefaults,
  type PassageOrder,
} from './llmlingua/options.ts'
export { type RecoverOptions, recoverQuotes } from './llmlingua/recover.ts'
export type { ProtectedKind } from './prose/protected-spans.ts'
export type { ProtectionOptions } from './prose/protection.ts'
