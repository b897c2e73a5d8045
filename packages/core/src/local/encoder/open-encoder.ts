/** @file Makes the local form of an encoder from its files: embedder, reranker or token classifier, as its head says. */
import type { Accuracy, CallOptions } from '@lc/model'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { UnsupportedModelError } from '../../errors/unsupported-model-error.ts'
import type { ModelFiles, SentenceTransformers } from '../../model-files/model-files.ts'
import type { EncoderConfig } from '../../models/encoder/encoder-config.ts'
import { buildEncoderGraph } from '../../models/encoder/encoder-graph.ts'
import { bindEncoderWeights } from '../../models/encoder/encoder-weights.ts'
import type { Pooling } from '../../models/encoder/pooling.ts'
import { readEncoderConfig } from '../../models/encoder/read-encoder-config.ts'
import { readPooling } from '../../models/encoder/read-pooling.ts'
import type { Device } from '../../runtime/device.ts'
import type { Program } from '../../runtime/program.ts'
import type { ConvertedWeightsStore } from '../../weights/converted-weights.ts'
import { EncoderRunner, type Padding } from './encoder-runner.ts'
import { type EmbedderSettings, LocalEmbedder } from './local-embedder.ts'
import { LocalReranker } from './local-reranker.ts'
import { LocalTokenClassifier } from './local-token-classifier.ts'

/** Options of `openEncoder`. */
export interface OpenEncoderOptions extends CallOptions {
  /**
   * `'exact'` (default): the weights in float32. `'fast'`: 8-bit integers in the layers, on the CPU; other devices have no kernel for
   * them and stay exact. What is used stands in `accuracy` of the encoder.
   */
  readonly accuracy?: Accuracy
  /** Keeps converted weights on disk. */
  readonly store?: ConvertedWeightsStore | undefined
  /** How an embedder makes one vector of a text. Defaults to what the model's own settings say, otherwise the mean. */
  readonly pooling?: Pooling
  /** Whether an embedder's vectors have length 1. Defaults to what the model's own settings say, otherwise no. */
  readonly normalise?: boolean
  /** Put before the texts of an embedder. Defaults to the prompts of the model's own settings. */
  readonly prompts?: { readonly query?: string; readonly document?: string }
  /** Longest input of an embedder in tokens. Defaults to the model's own limit. */
  readonly maxLength?: number
  /** Frees what lies under the model, such as the device, after it. */
  readonly release?: () => Promise<void>
}

/** A local encoder in one of its forms; `kind` tells which. */
export type LocalEncoder = LocalEmbedder | LocalReranker | LocalTokenClassifier

/**
 * Opens an encoder on a device. The result owns the files: its `close` closes them.
 *
 * @throws UnsupportedModelError for an unknown family or unknown sentence-transformers modules; FileFormatError where configuration
 *   and weights do not fit.
 */
export async function openEncoder(
  files: ModelFiles,
  device: Device,
  options: OpenEncoderOptions = {},
): Promise<LocalEncoder> {
  const config = readEncoderConfig(files.config)
  const settings = embedderSettings(files, config, options)
  const pooling = choosePooling(files, options)
  const accuracy = chooseAccuracy(device, options)
  const compile = async (padding: Padding): Promise<Program> => {
    const graph = buildEncoderGraph(config, { weights: files.weights, pooling, padding, accuracy })
    const { store } = options
    const weights = await bindEncoderWeights(graph, files.weights, { device, hash: files.hash, store })
    return device.compile(graph, { weights })
  }
  const release = async (): Promise<void> => {
    await files.close()
    await options.release?.()
  }
  const runner = new EncoderRunner({ name: files.name, config, accuracy, compile, release })
  await runner.prepare()
  options.signal?.throwIfAborted()
  const fields = { id: files.name, tokenizer: files.tokenizer, runner }
  if (config.head === 'sequence') return new LocalReranker(fields)
  if (config.head === 'tokens') return new LocalTokenClassifier(fields)
  return new LocalEmbedder({ ...fields, settings })
}

function chooseAccuracy(device: Device, options: OpenEncoderOptions): Accuracy {
  const wanted = checkOneOf(options.accuracy ?? 'exact', 'accuracy', ['exact', 'fast'])
  return device.kind === 'cpu' || device.kind === 'wasm' ? wanted : 'exact'
}

const knownModules = ['Transformer', 'Pooling', 'Normalize']

function choosePooling(files: ModelFiles, options: OpenEncoderOptions): Pooling {
  const choices = ['mean', 'cls', 'last', 'max', 'mean-sqrt-length'] as const
  if (options.pooling !== undefined) return checkOneOf(options.pooling, 'pooling', choices)
  const own = files.sentenceTransformers?.pooling
  if (own) return readPooling(own)
  const fromGguf = files.config.lc_pooling
  return fromGguf === 'cls' || fromGguf === 'last' ? fromGguf : 'mean'
}

function embedderSettings(files: ModelFiles, config: EncoderConfig, options: OpenEncoderOptions): EmbedderSettings {
  const own = files.sentenceTransformers
  const unknown = own?.modules.find((module) => !knownModules.includes(module))
  if (unknown !== undefined)
    throw new UnsupportedModelError({ modelType: `the module ${unknown}`, supported: knownModules })
  if (own?.pooling?.include_prompt === false)
    throw new UnsupportedModelError({ modelType: 'pooling without the prompt', supported: ['include_prompt true'] })
  const limit = Math.min(own?.maxLength ?? config.contextLength, config.contextLength)
  return {
    prompts: {
      query: options.prompts?.query ?? promptOf(own, ['query']),
      document: options.prompts?.document ?? promptOf(own, ['document', 'passage', 'corpus']),
    },
    maxLength: checkInteger(options.maxLength ?? limit, 'maxLength', { min: 3, max: config.contextLength }),
    lowerCase: own?.lowerCase ?? false,
    normalise: options.normalise ?? own?.modules.includes('Normalize') ?? false,
  }
}

/** The first prompt of these names, otherwise the model's default one. */
function promptOf(own: SentenceTransformers | undefined, names: readonly string[]): string {
  const name = names.find((candidate) => own?.prompts[candidate] !== undefined) ?? own?.defaultPrompt
  return (name === undefined ? undefined : own?.prompts[name]) ?? ''
}
