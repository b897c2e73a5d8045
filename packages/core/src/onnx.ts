/** Graphs encoded as ONNX models, with weights outside. @module */
export { type EncodeModelOptions, encodeModel } from './onnx/encode-model.ts'
export type { ExternalLocation } from './onnx/external-data.ts'
