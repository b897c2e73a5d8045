/** SpecPC: what the last tokens of a prompt, its question, attend to in a small draft model is kept. @module */
export type { CompressionResult } from './compressor/compression-result.ts'
export { type OfficialSpecPcOptions, officialSpecPc, officialSpecPcDefaults } from './specpc/official-specpc.ts'
export {
  type DraftModel,
  type ScoredLayers,
  type SpecPcOptions,
  type SpecPcUnit,
  specPcDefaults,
} from './specpc/options.ts'
export { type CompressByAttentionOptions, compressByAttention, specPc } from './specpc/specpc.ts'
