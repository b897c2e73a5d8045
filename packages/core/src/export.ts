/**
 * Writes a loaded model as a folder that transformers.js opens: ONNX with its weights beside it, tokenizer and settings.
 *
 * @module
 */
export type { ExportFolder } from './export/export-folder.ts'
export { type ExportModelOptions, type ExportModelResult, exportModel } from './export/export-model.ts'
export type { ExportDType } from './export/exportable-model.ts'
