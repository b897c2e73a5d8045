import type { JsonObject } from '@lc/model'
import type { DecoderConfig } from '../decoder/decoder-config.ts'
import { type DecoderConfigOptions, readDecoderConfig } from '../decoder/read-decoder-config.ts'
import { qwenWindows } from '../qwen2/config.ts'
import { ConfigReader, isNumber } from '../read-config.ts'

/** SmolLM 3: Llama with every fourth layer without positions (NoPE). In `no_rope_layers` a 1 means that RoPE is used. */
export function smolLm3Config(config: JsonObject, options: DecoderConfigOptions = {}): DecoderConfig {
  const reader = new ConfigReader(config)
  const attention = reader.boolean('attention_bias', false)
  const biases = { query: attention, output: attention, mlp: reader.boolean('mlp_bias', false) }
  const flags = reader.list('no_rope_layers', reader.size('num_hidden_layers'), isNumber)
  const interval = reader.size('no_rope_layer_interval', 4)
  const hasRope = (layer: number): boolean => (flags ? flags[layer] === 1 : (layer + 1) % interval !== 0)
  const defaults = { biases, tiedHead: true, theta: 2_000_000, hasRope, windowOf: qwenWindows(reader) }
  return readDecoderConfig(reader, defaults, options)
}
