import type { Embedder, EmbedOptions } from '../capability/embedder.ts'
import { checkInteger } from '../check/check-argument.ts'
import { InvalidArgumentError } from '../errors/invalid-argument-error.ts'
import { configName, configNumber, type LoadedFeatureExtraction, type LoadedTensor } from './loaded-objects.ts'

/** How a loaded embedding model is used. */
export interface TransformersJsEmbedderOptions {
  /** How token vectors become one. Defaults to `'mean'`; use what the model was trained with. */
  pooling?: 'mean' | 'cls' | 'last_token'
  /** Whether vectors get length 1. Defaults to `'unit'`. */
  length?: 'unit' | 'raw'
  /** Put before each query. Defaults to nothing. */
  queryPrefix?: string
  /** Put before each document. Defaults to nothing. */
  documentPrefix?: string
  /** Texts per run of the model. Defaults to 16. */
  batchSize?: number
  /** The length of the vectors. Defaults to `hidden_size` of the model's configuration. */
  dimensions?: number
  id?: string
}

/**
 * A loaded `feature-extraction` pipeline of transformers.js as an `Embedder`. Texts beyond the model's length are cut by
 * the pipeline.
 *
 * @throws InvalidArgumentError when the configuration does not tell the length of the vectors.
 *
 * @example
 * ```ts
 * import { pipeline } from '@huggingface/transformers'
 * import { transformersJsEmbedder } from '@lc/model/transformers-js'
 *
 * export async function loadEmbedder(folder: string) {
 *   return transformersJsEmbedder(await pipeline('feature-extraction', folder), { pooling: 'mean' })
 * }
 * ```
 */
export function transformersJsEmbedder(
  pipeline: LoadedFeatureExtraction,
  options: TransformersJsEmbedderOptions = {},
): Embedder {
  const { pooling = 'mean', length = 'unit', batchSize = 16 } = options
  const { config } = pipeline.model
  const dimensions = options.dimensions ?? configNumber(config, 'hidden_size', 'd_model', 'dim', 'n_embd')
  if (dimensions === undefined)
    throw new InvalidArgumentError({ argument: 'dimensions', received: dimensions, allowed: 'given for this model' })
  checkInteger(dimensions, 'dimensions', { min: 1 })
  checkInteger(batchSize, 'batchSize', { min: 1 })
  const prefixes = { query: options.queryPrefix ?? '', document: options.documentPrefix ?? '' }

  const pooled = async (texts: string[]): Promise<Float32Array[]> => {
    const data = floatsOf(await pipeline(texts, { pooling, normalize: length === 'unit' }))
    return texts.map((_, index) => data.slice(index * dimensions, (index + 1) * dimensions))
  }
  return {
    id: options.id ?? configName(config),
    dimensions,
    async embed(texts, { kind = 'document', output = 'pooled', signal, onProgress }: EmbedOptions = {}) {
      const prefixed = texts.map((text) => prefixes[kind] + text)
      const vectors: Float32Array[] = []
      // token vectors one text at a time: a batch would be padded
      const size = output === 'tokens' ? 1 : batchSize
      for (let start = 0; start < prefixed.length; start += size) {
        signal?.throwIfAborted()
        const batch = prefixed.slice(start, start + size)
        if (output === 'pooled') vectors.push(...(await pooled(batch)))
        else vectors.push(floatsOf(await pipeline(batch, { pooling: 'none', normalize: length === 'unit' })))
        onProgress?.({
          type: 'progress',
          operation: 'embed',
          done: vectors.length,
          total: texts.length,
          unit: 'passages',
        })
      }
      signal?.throwIfAborted()
      return vectors
    },
  }
}

function floatsOf(tensor: LoadedTensor): Float32Array {
  return tensor.data instanceof Float32Array ? tensor.data : Float32Array.from(tensor.data as ArrayLike<number>)
}
