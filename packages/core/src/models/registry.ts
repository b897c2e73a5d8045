import type { JsonObject } from '@lc/model'
import { UnsupportedModelError } from '../errors/unsupported-model-error.ts'
import type { DecoderConfig } from './decoder/decoder-config.ts'
import type { DecoderConfigOptions } from './decoder/read-decoder-config.ts'
import { gemma3Config } from './gemma3/config.ts'
import { llamaConfig } from './llama/config.ts'
import { mistralConfig } from './mistral/config.ts'
import { phi3Config } from './phi3/config.ts'
import { qwen2Config } from './qwen2/config.ts'
import { qwen3Config } from './qwen3/config.ts'
import { smolLm3Config } from './smollm3/config.ts'

/** Reads the configuration of one family. */
export type ReadDecoderFamily = (config: JsonObject, options?: DecoderConfigOptions) => DecoderConfig

/** Decoder families by the `model_type` of their configuration. */
export const decoderFamilies: Readonly<Record<string, ReadDecoderFamily>> = {
  llama: llamaConfig,
  mistral: mistralConfig,
  qwen2: qwen2Config,
  qwen3: qwen3Config,
  gemma3_text: gemma3Config,
  gemma3: gemma3Config,
  phi3: phi3Config,
  smollm3: smolLm3Config,
}

/** Whether a configuration is that of a decoder that lc knows. */
export function isDecoder(config: JsonObject): boolean {
  return typeof config.model_type === 'string' && Object.hasOwn(decoderFamilies, config.model_type)
}

/**
 * The configuration of a decoder in lc's form.
 *
 * @throws UnsupportedModelError for an unknown family; FileFormatError for fields that cannot be.
 */
export function decoderConfigOf(config: JsonObject, options: DecoderConfigOptions = {}): DecoderConfig {
  const modelType = typeof config.model_type === 'string' ? config.model_type : '(none)'
  const read = Object.hasOwn(decoderFamilies, modelType) ? decoderFamilies[modelType] : undefined
  if (read === undefined) throw new UnsupportedModelError({ modelType, supported: Object.keys(decoderFamilies) })
  return read(config, options)
}
