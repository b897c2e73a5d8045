/**
 * LongCodeZip: compresses code to a token budget by how much each function and block helps to predict the query.
 * @module
 */
export { type CodeParsers, type CodeParsersOptions, createCodeParsers, type WasmSource } from './code/code-parsers.ts'
export type { Language } from './code/language.ts'
export type { CompressedUnit, CompressionResult, KeptSpan, UnitState } from './compressor/compression-result.ts'
export type { OmissionStyle } from './compressor/omission-marker.ts'
export { type CompressCodeOptions, compressCode } from './longcodezip/compress-code.ts'
export { longCodeZip } from './longcodezip/longcodezip.ts'
export { type LongCodeZipOptions, longCodeZipDefaults } from './longcodezip/options.ts'
export { type Relevance, type RelevanceOptions, type RelevanceScale, rankContexts } from './longcodezip/rank-units.ts'
export type { SpikeRule } from './longcodezip/split-blocks.ts'
