/** Weights from safetensors and GGUF files, by their Hugging Face names. @module */
export type { ByteSource } from './weights/byte-source.ts'
export type {
  ConvertedWeights,
  ConvertedWeightsEntry,
  ConvertedWeightsStore,
  ConvertedWeightsWriter,
} from './weights/converted-weights.ts'
export type { GgufType, GgufTypeName } from './weights/gguf/gguf-type.ts'
export { ggufTypeNames } from './weights/gguf/gguf-type.ts'
export type { PackedWeight, PlainDType, WeightInfo, WeightLocation, WeightSource } from './weights/weight-source.ts'
