/** @file Encoders from any source: opens files and device, and closes both with the model. */
import { UnsupportedCapabilityError } from '@lc/model/errors'
import type { ModelSource } from '../../model-files/model-files.ts'
import { openModel } from '../../model-files/open-model.ts'
import { currentPlatform } from '../../platform/current-platform.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Device, DeviceKind } from '../../runtime/device.ts'
import type { LocalEmbedder } from './local-embedder.ts'
import type { LocalReranker } from './local-reranker.ts'
import type { LocalTokenClassifier } from './local-token-classifier.ts'
import { type LocalEncoder, type OpenEncoderOptions, openEncoder } from './open-encoder.ts'

/** Options of `loadEncoder`. */
export interface LoadEncoderOptions extends Omit<OpenEncoderOptions, 'release' | 'store'> {
  /** A kind of device, opened for this model and closed with it, or an open device, which stays open. Defaults to `auto`. */
  readonly device?: 'auto' | DeviceKind | Device
  /** Threads of one run on the CPU. Defaults to the cores of the machine. */
  readonly threads?: number
  /** Makes no requests; only what lies in the cache. */
  readonly offline?: boolean
  /** Defaults to the platform that the program runs on. */
  readonly platform?: Platform
}

/**
 * Loads an encoder from an alias, a folder, a GGUF file or the hub; its head decides whether it embeds, ranks or classifies tokens.
 *
 * @throws UnsupportedModelError for a decoder and for unknown families; FileFormatError, DownloadError, DeviceError.
 */
export async function loadEncoder(source: ModelSource, options: LoadEncoderOptions = {}): Promise<LocalEncoder> {
  const platform = options.platform ?? (await currentPlatform())
  const { signal, onProgress, offline } = options
  const files = await openModel(source, { platform, signal, onProgress, ...(offline !== undefined && { offline }) })
  try {
    const { device, release } = await openDevice(platform, options)
    try {
      return await openEncoder(files, device, { ...options, release, store: platform.convertedWeights })
    } catch (error) {
      await release()
      throw error
    }
  } catch (error) {
    await files.close()
    throw error
  }
}

async function openDevice(
  platform: Platform,
  { device = 'auto', threads }: LoadEncoderOptions,
): Promise<{ device: Device; release: () => Promise<void> }> {
  if (typeof device !== 'string') return { device, release: async () => {} }
  const opened = await platform.openDevice({ kind: device, ...(threads !== undefined && { threads }) })
  return { device: opened, release: () => opened.close() }
}

/**
 * Loads an embedder.
 *
 * @throws UnsupportedCapabilityError for an encoder with a classification head, and what `loadEncoder` throws.
 * @example
 * ```ts
 * import { loadEmbedder } from '@lc/core/encoder'
 *
 * const embedder = await loadEmbedder('all-minilm-l6-v2')
 * const [vector] = await embedder.embed(['The retry delay doubles.'])
 * await embedder.close()
 * ```
 */
export async function loadEmbedder(source: ModelSource, options?: LoadEncoderOptions): Promise<LocalEmbedder> {
  return expectKind(await loadEncoder(source, options), 'embedder', 'embed texts')
}

/**
 * Loads a reranker: a cross-encoder with a sequence classification head.
 *
 * @throws UnsupportedCapabilityError for an encoder without such a head, and what `loadEncoder` throws.
 */
export async function loadReranker(source: ModelSource, options?: LoadEncoderOptions): Promise<LocalReranker> {
  return expectKind(await loadEncoder(source, options), 'reranker', 'rank texts')
}

/**
 * Loads a token classifier.
 *
 * @throws UnsupportedCapabilityError for an encoder without such a head, and what `loadEncoder` throws.
 */
export async function loadTokenClassifier(
  source: ModelSource,
  options?: LoadEncoderOptions,
): Promise<LocalTokenClassifier> {
  return expectKind(await loadEncoder(source, options), 'token-classifier', 'classify tokens')
}

async function expectKind<K extends LocalEncoder['kind']>(
  encoder: LocalEncoder,
  kind: K,
  capability: string,
): Promise<Extract<LocalEncoder, { kind: K }>> {
  if (encoder.kind === kind) return encoder as Extract<LocalEncoder, { kind: K }>
  await encoder.close()
  throw new UnsupportedCapabilityError({
    model: encoder.id,
    capability,
    alternatives: `it is a model of the kind ${encoder.kind}`,
  })
}
