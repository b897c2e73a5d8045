import type { JsonObject } from '@lc/model'
import type { DecoderConfig } from '../decoder/decoder-config.ts'
import { type DecoderConfigOptions, readDecoderConfig } from '../decoder/read-decoder-config.ts'
import { ConfigReader } from '../read-config.ts'

/** Mistral: Llama with a sliding window on all layers, unless it is null. */
export function mistralConfig(config: JsonObject, options: DecoderConfigOptions = {}): DecoderConfig {
  const reader = new ConfigReader(config)
  const window = config.sliding_window === undefined ? 4096 : reader.optionalNumber('sliding_window')
  return readDecoderConfig(reader, { kvHeads: 8, windowOf: () => window }, options)
}
