import type { JsonObject } from '@lc/model'
import type { DecoderConfig } from '../decoder/decoder-config.ts'
import { type DecoderConfigOptions, readDecoderConfig } from '../decoder/read-decoder-config.ts'
import { ConfigReader, isString } from '../read-config.ts'

/** Qwen 2 and 2.5: Llama with biases on queries, keys and values. */
export function qwen2Config(config: JsonObject, options: DecoderConfigOptions = {}): DecoderConfig {
  const reader = new ConfigReader(config)
  const biases = { query: true, output: false, mlp: false }
  return readDecoderConfig(reader, { biases, windowOf: qwenWindows(reader) }, options)
}

/** Sliding layers of Qwen: named by `layer_types`, else those from `max_window_layers` on, if windows are used at all. */
export function qwenWindows(reader: ConfigReader): (layer: number) => number | undefined {
  if (!reader.boolean('use_sliding_window', false)) return () => undefined
  const window = reader.optionalNumber('sliding_window')
  const kinds = reader.list('layer_types', reader.size('num_hidden_layers'), isString)
  const first = reader.optionalNumber('max_window_layers') ?? 0
  return (layer) => ((kinds ? kinds[layer] === 'sliding_attention' : layer >= first) ? window : undefined)
}
