/** Context compression: fewer tokens for the same question, with exact budgets and the origin of every character. @module */
export { type CodeParsers, type CodeParsersOptions, createCodeParsers, type WasmSource } from './code/code-parsers.ts'
export type { Language } from './code/language.ts'
export type { CompressedUnit, CompressionResult, KeptSpan, UnitState } from './compressor/compression-result.ts'
export type { OmissionStyle } from './compressor/omission-marker.ts'
export { type CompressCodeOptions, compressCode } from './longcodezip/compress-code.ts'
export { longCodeZip } from './longcodezip/longcodezip.ts'
export { type LongCodeZipOptions, longCodeZipDefaults } from './longcodezip/options.ts'
export type { SpikeRule } from './longcodezip/split-blocks.ts'
export { type CompressWithoutModelOptions, compressWithoutModel, noModel } from './no-model/no-model.ts'
export { type NoModelOptions, noModelDefaults, type Ranker } from './no-model/options.ts'
export type { ProtectedKind } from './prose/protected-spans.ts'
export type { ProtectionOptions } from './prose/protection.ts'
export {
  type SelectiveContextOptions,
  type SelectiveContextUnit,
  selectiveContextDefaults,
} from './selective-context/options.ts'
export { compressBySelfInformation, selectiveContext } from './selective-context/selective-context.ts'
