/** Weights from safetensors and GGUF files, by their Hugging Face names. @module */
export type { ByteSource } from './weights/byte-source.ts'
export type {
  ConvertedWeights,
  ConvertedWeightsEntry,
  ConvertedWeightsStore,
  ConvertedWeightsWriter,
} from './weights/converted-weights.ts'
export type { GgufMetadata } from './weights/gguf/gguf-metadata.ts'
export type { GgufType, GgufTypeName } from './weights/gguf/gguf-type.ts'
export { ggufTypeNames } from './weights/gguf/gguf-type.ts'
export { type GgufPart, type GgufWeightsOptions, ggufWeights } from './weights/gguf/gguf-weights.ts'
export { type GgufHeader, type GgufTensor, readGgufHeader } from './weights/gguf/read-gguf-header.ts'
export { memoryBytes } from './weights/memory-bytes.ts'
export { openSafetensors, openShardedSafetensors } from './weights/safetensors/open-safetensors.ts'
export {
  readSafetensorsHeader,
  type SafetensorsHeader,
  type SafetensorsTensor,
} from './weights/safetensors/read-safetensors-header.ts'
export type { PackedWeight, PlainDType, WeightInfo, WeightLocation, WeightSource } from './weights/weight-source.ts'
