/** Context compression: fewer tokens for the same question, with exact budgets and the origin of every character. @module */
export {
  type ChooseMethodOptions,
  type CompressionMethod,
  type CompressionModel,
  chooseMethod,
  type MethodChoice,
} from './choose/choose-method.ts'
export { type ChosenCompression, type CompressOptions, compress } from './choose/compress.ts'
export type { ContentKind } from './choose/content-kind.ts'
export { type CodeParsers, type CodeParsersOptions, createCodeParsers, type WasmSource } from './code/code-parsers.ts'
export type { Language } from './code/language.ts'
export type { CompressedUnit, CompressionResult, KeptSpan, UnitState } from './compressor/compression-result.ts'
export { type Explanation, explainCompression, type ProtectedText } from './compressor/explain-compression.ts'
export type { OmissionStyle } from './compressor/omission-marker.ts'
export { compressBySurprise, llmLingua } from './llmlingua/llmlingua.ts'
export { type CompressForQuestionOptions, compressForQuestion, longLlmLingua } from './llmlingua/longllmlingua.ts'
export {
  type LlmLinguaOptions,
  type LongLlmLinguaOptions,
  llmLinguaDefaults,
  longLlmLinguaDefaults,
  type PassageOrder,
} from './llmlingua/options.ts'
export { type RecoverOptions, recoverQuotes } from './llmlingua/recover.ts'
export { type CompressByClassifierOptions, compressByClassifier, llmLingua2 } from './llmlingua2/llmlingua2.ts'
export { type LlmLingua2Options, llmLingua2Defaults } from './llmlingua2/options.ts'
export { type CompressCodeOptions, compressCode } from './longcodezip/compress-code.ts'
export { longCodeZip } from './longcodezip/longcodezip.ts'
export { type LongCodeZipOptions, longCodeZipDefaults } from './longcodezip/options.ts'
export { type Relevance, type RelevanceOptions, type RelevanceScale, rankContexts } from './longcodezip/rank-units.ts'
export type { SpikeRule } from './longcodezip/split-blocks.ts'
export { type CompressWithoutModelOptions, compressWithoutModel, noModel } from './no-model/no-model.ts'
export { type NoModelOptions, noModelDefaults, type Ranker } from './no-model/options.ts'
export { type CachedScorer, type CachedScorerOptions, cachedScorer } from './prepared/cached-scorer.ts'
export type { EntryStore } from './prepared/entry-store.ts'
export { type MemoryStoreOptions, memoryStore } from './prepared/memory-store.ts'
export type { ProtectedKind } from './prose/protected-spans.ts'
export type { ProtectionOptions } from './prose/protection.ts'
export {
  type SelectiveContextOptions,
  type SelectiveContextUnit,
  selectiveContextDefaults,
} from './selective-context/options.ts'
export { compressBySelfInformation, selectiveContext } from './selective-context/selective-context.ts'
export {
  type DraftModel,
  type ScoredLayers,
  type SpecPcOptions,
  type SpecPcUnit,
  specPcDefaults,
} from './specpc/options.ts'
export { type CompressByAttentionOptions, compressByAttention, specPc } from './specpc/specpc.ts'
