import type { JsonObject } from '@lc/model'
import type { DecoderConfig } from '../decoder/decoder-config.ts'
import { type DecoderConfigOptions, readDecoderConfig } from '../decoder/read-decoder-config.ts'
import { ConfigReader } from '../read-config.ts'

/** Llama 2 and 3, SmolLM and SmolLM2. */
export function llamaConfig(config: JsonObject, options: DecoderConfigOptions = {}): DecoderConfig {
  const reader = new ConfigReader(config)
  const attention = reader.boolean('attention_bias', false)
  const biases = { query: attention, output: attention, mlp: reader.boolean('mlp_bias', false) }
  return readDecoderConfig(reader, { biases }, options)
}
