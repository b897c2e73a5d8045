/** @file Writes a loaded model as a folder that transformers.js opens: ONNX, weights beside it, tokenizer, settings. */
import type { CallOptions, JsonObject } from '@lc/model'
import { checkOneOf } from '@lc/model/check'
import { UnsupportedModelError } from '../errors/unsupported-model-error.ts'
import type { ModelFiles } from '../model-files/model-files.ts'
import { encoderModelTypes } from '../models/encoder/read-encoder-config.ts'
import { decoderConfigOf, decoderFamilies, isDecoder } from '../models/registry.ts'
import { encodeModel } from '../onnx/encode-model.ts'
import { decoderExport } from './decoder-export.ts'
import { encoderExport } from './encoder-export.ts'
import type { ExportFolder } from './export-folder.ts'
import { exportedConfig, exportedGenerationConfig, exportedTokenizer } from './export-metadata.ts'
import { externalLocations, planDataFiles, writeDataFiles } from './export-weights.ts'
import type { ExportableModel, ExportDType } from './exportable-model.ts'

/** Options of `exportModel`. */
export interface ExportModelOptions extends CallOptions {
  /** Defaults to `float32`. */
  readonly dtype?: ExportDType
  /** Whether quantised products may use 8-bit activations. Defaults to `fast`. */
  readonly accuracy?: 'exact' | 'fast'
}

/** What was written. */
export interface ExportModelResult {
  /** Paths in the folder. */
  readonly files: readonly string[]
  readonly dtype: ExportDType
  readonly weightBytes: number
}

/** Names that transformers.js gives to the kinds of model file. */
const modelFiles: Readonly<Record<ExportDType, string>> = {
  float32: 'model.onnx',
  q8: 'model_quantized.onnx',
  q4: 'model_q4.onnx',
}

/**
 * Writes `config.json`, `tokenizer.json`, `tokenizer_config.json`, for decoders `generation_config.json`, and under `onnx/` the model
 * with its data files. Several kinds of weights may go to one folder, one call each.
 *
 * @throws UnsupportedModelError for families that lc does not know, and for encoders as `q4`; UnsupportedCapabilityError for `q4` of a
 *   file without 4-bit weights.
 */
export async function exportModel(
  files: ModelFiles,
  folder: ExportFolder,
  options: ExportModelOptions = {},
): Promise<ExportModelResult> {
  const { signal } = options
  const dtype = checkOneOf(options.dtype ?? 'float32', 'dtype', ['float32', 'q8', 'q4'])
  const model = exportable(files, dtype, options)
  const modelFile = modelFiles[dtype]
  const dataFiles = planDataFiles(model.graph, modelFile, model.identity ? { identity: model.identity } : {})
  const total = dataFiles.flatMap((file) => file.weights).reduce((sum, weight) => sum + weight.length, 0)
  await writeDataFiles(dataFiles, { folder, path: 'onnx' }, model.read, {
    signal,
    done: (done) => options.onProgress?.({ type: 'progress', operation: 'export', done, total, unit: 'bytes' }),
  })
  const onnx = encodeModel(model.graph, { weights: externalLocations(dataFiles) })
  await folder.write(`onnx/${modelFile}`, once(onnx), signal)
  const metadata = await writeMetadata(files, folder, { modelFile, dataFiles: dataFiles.length }, signal)
  const written = [modelFile, ...dataFiles.map((file) => file.name)].map((name) => `onnx/${name}`)
  return { files: [...metadata, ...written].sort(), dtype, weightBytes: total }
}

function exportable(files: ModelFiles, dtype: ExportDType, options: ExportModelOptions): ExportableModel {
  const accuracy = options.accuracy ?? 'fast'
  if (isDecoder(files.config)) return decoderExport(files, decoderConfigOf(files.config), { dtype, accuracy })
  const modelType = String(files.config.model_type)
  if (!encoderModelTypes.includes(modelType))
    throw new UnsupportedModelError({ modelType, supported: [...Object.keys(decoderFamilies), ...encoderModelTypes] })
  if (dtype === 'q4')
    throw new UnsupportedModelError({ modelType: `${modelType} with q4 weights`, supported: ['float32', 'q8'] })
  return encoderExport(files, { dtype, accuracy })
}

async function writeMetadata(
  files: ModelFiles,
  folder: ExportFolder,
  model: { readonly modelFile: string; readonly dataFiles: number },
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const before = await folder.readText('config.json')
  const { tokenizer, config } = exportedTokenizer(files)
  const documents: [string, JsonObject][] = [
    ['config.json', exportedConfig(files, model.modelFile, model.dataFiles, parseObject(before))],
    ['tokenizer.json', tokenizer],
    ['tokenizer_config.json', config],
  ]
  if (isDecoder(files.config)) documents.push(['generation_config.json', exportedGenerationConfig(files)])
  for (const [path, document] of documents)
    await folder.write(path, `${JSON.stringify(document, undefined, 2)}\n`, signal)
  return documents.map(([path]) => path)
}

/** An earlier configuration; one that does not parse is replaced. */
function parseObject(text: string | undefined): JsonObject {
  if (text === undefined) return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
  } catch {
    return {}
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
