import type { JsonObject } from '@lc/model'
import type { DecoderConfig } from '../decoder/decoder-config.ts'
import { type DecoderConfigOptions, readDecoderConfig } from '../decoder/read-decoder-config.ts'
import { qwenWindows } from '../qwen2/config.ts'
import { ConfigReader } from '../read-config.ts'

/** Qwen 3: norms on query and key heads, no biases. */
export function qwen3Config(config: JsonObject, options: DecoderConfigOptions = {}): DecoderConfig {
  const reader = new ConfigReader(config)
  const attention = reader.boolean('attention_bias', false)
  const biases = { query: attention, output: attention, mlp: false }
  return readDecoderConfig(reader, { biases, queryKeyNorm: true, windowOf: qwenWindows(reader) }, options)
}
