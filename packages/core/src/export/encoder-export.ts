import type { ModelFiles } from '../model-files/model-files.ts'
import { readEncoderConfig } from '../models/encoder/read-encoder-config.ts'
import { type ConvertedParts, convertPacked } from '../models/weight-conversion.ts'
import type { WeightSource } from '../weights/weight-source.ts'
import { encoderExportGraph } from './encoder-export-graph.ts'
import type { ReadWeight } from './export-weights.ts'
import type { ExportableModel } from './exportable-model.ts'

/** Options of `encoderExport`. */
export interface EncoderExportOptions {
  readonly dtype: 'float32' | 'q8'
  /** `fast` lets kernels of packed weights use 8-bit activations. */
  readonly accuracy: 'exact' | 'fast'
}

/** An encoder, ready to be written. */
export function encoderExport(files: ModelFiles, options: EncoderExportOptions): ExportableModel {
  const { weights } = files
  const accuracyLevel = options.accuracy === 'fast' ? 4 : 0
  const products = options.dtype === 'q8' ? ({ kind: 'packed', accuracyLevel } as const) : undefined
  const graph = encoderExportGraph(readEncoderConfig(files.config), weights, products)
  return { graph, read: weightReader(weights) }
}

/** Reads weights by the names that the graph gives them; both parts of a packed one are made at once. */
function weightReader(weights: WeightSource): ReadWeight {
  let last: { readonly source: string; readonly parts: ConvertedParts } | undefined
  return async (name, signal) => {
    const packed = /^(.*)\.packed\.(blocks|rows|scales)$/.exec(name)
    if (!packed) return weights.float32(name, signal)
    const [, source, part] = packed as unknown as [string, string, string]
    if (last?.source !== source) last = { source, parts: await convert(weights, source, signal) }
    return last.parts.get(part === 'scales' ? 'scales' : 'data')!
  }
}

function convert(weights: WeightSource, source: string, signal: AbortSignal | undefined): Promise<ConvertedParts> {
  const own = weights.packing(source)
  const lossless = own?.bits === 8 && own.blockSize === 32 && !own.corrected
  return convertPacked({ kind: 'packed', sources: [source], part: 'data', quantise: !lossless }, { weights, signal })
}
