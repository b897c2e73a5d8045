/** @file From a name to a model that answers. */
import type { Accuracy, CallOptions, JsonObject } from '@lc/model'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { UnsupportedCapabilityError } from '@lc/model/errors'
import { type CacheFormat, cacheFormats } from '../cache/cache-format.ts'
import { DecoderRunner } from '../cache/decoder-runner.ts'
import type { ModelFiles, ModelSource } from '../model-files/model-files.ts'
import { openModel } from '../model-files/open-model.ts'
import { type AttentionPattern, fullAttention } from '../models/decoder/attention-pattern.ts'
import { DecoderPrograms } from '../models/decoder/decoder-programs.ts'
import { decoderConfigOf } from '../models/registry.ts'
import { currentPlatform } from '../platform/current-platform.ts'
import type { Platform } from '../platform/platform.ts'
import type { Device, DeviceKind } from '../runtime/device.ts'
import { LocalDecoder } from './decoder/local-model.ts'
import type { LocalModel } from './decoder/local-model-interface.ts'

/** Options of `loadModel`. */
export interface LoadModelOptions extends CallOptions {
  /** A kind of device, opened for this model alone, or one that is open and outlives it. Defaults to `'auto'`. */
  readonly device?: DeviceKind | 'auto' | Device
  /** Threads of a device that is opened here. Defaults to the cores of the machine. */
  readonly threads?: number
  /**
   * `'exact'`: the dequantised weights in float32; `'fast'`: 8-bit activations. Used by every call that names none; without it
   * calls whose result is a number are exact, and generation is fast.
   */
  readonly accuracy?: Accuracy
  /** The most tokens of prompt and output. Defaults to what the model was made for. */
  readonly contextLength?: number
  /**
   * How sessions and generation keep keys and values: `'float32'` (default), `'int8'`, a quarter of the memory and read faster, or
   * `'int4'` (KIVI), a sixth and read slower. Scoring and prepared contexts keep float32.
   */
  readonly cache?: CacheFormat
  /** How attention chooses keys. Defaults to `fullAttention`. */
  readonly attention?: AttentionPattern
  /** Replaces the scaling of rotary positions, in the form of a configuration: `{ rope_type: 'yarn', factor: 4 }`. */
  readonly ropeScaling?: JsonObject
  /** LoRA adapters; none are supported yet. */
  readonly adapters?: readonly unknown[]
  /** Makes no requests: the model must be here. */
  readonly offline?: boolean
  /** Where lc runs. Defaults to what the program runs on. */
  readonly platform?: Platform
}

/**
 * Loads a decoder: an alias (`smollm2-135m`), a `.gguf` file, a model folder, or a hub id. Weights are converted and programs
 * compiled when they are first needed.
 *
 * @throws UnsupportedModelError for other families; DownloadError, FileFormatError, DeviceError where something fails.
 */
export async function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<LocalModel> {
  const platform = options.platform ?? (await currentPlatform())
  const { signal, onProgress, offline } = options
  const files = await openModel(source, { platform, signal, onProgress, ...(offline && { offline }) })
  try {
    return await openDecoder(files, platform, options)
  } catch (error) {
    await files.close()
    throw error
  }
}

/** A decoder from its files, which it owns from now on. */
export async function openDecoder(
  files: ModelFiles,
  platform: Platform,
  options: LoadModelOptions = {},
): Promise<LocalModel> {
  if (options.adapters && options.adapters.length > 0)
    throw new UnsupportedCapabilityError({ model: files.name, capability: 'take LoRA adapters' })
  if (options.accuracy !== undefined) checkOneOf(options.accuracy, 'accuracy', ['exact', 'fast'])
  const cache = checkOneOf(options.cache ?? 'float32', 'cache', cacheFormats)
  const config = decoderConfigOf(files.config, { ropeScaling: options.ropeScaling })
  const attention = options.attention ?? fullAttention
  const contextLength = checkInteger(options.contextLength ?? config.maxPositions, 'contextLength', { min: 2 })
  const given = options.device ?? 'auto'
  const device = typeof given === 'string' ? await openDevice(platform, given, options) : given
  const store = platform.convertedWeights
  const programs = new DecoderPrograms({ config, files, device, attention, store })
  return new LocalDecoder({
    files,
    device,
    contextLength,
    runner: new DecoderRunner({ config, programs, attention }),
    accuracy: options.accuracy,
    cache,
    release: async () => {
      if (typeof given === 'string') await device.close()
    },
  })
}

function openDevice(platform: Platform, kind: DeviceKind | 'auto', options: LoadModelOptions): Promise<Device> {
  return platform.openDevice({ kind, ...(options.threads !== undefined && { threads: options.threads }) })
}
