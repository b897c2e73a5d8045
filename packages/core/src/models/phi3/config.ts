import type { JsonObject } from '@lc/model'
import type { DecoderConfig } from '../decoder/decoder-config.ts'
import { type DecoderConfigOptions, readDecoderConfig } from '../decoder/read-decoder-config.ts'
import { ConfigReader } from '../read-config.ts'

/** Phi 3, 3.5 and 4: fused weights, partial rotation, longrope. */
export function phi3Config(config: JsonObject, options: DecoderConfigOptions = {}): DecoderConfig {
  const reader = new ConfigReader(config)
  const window = reader.optionalNumber('sliding_window')
  return readDecoderConfig(reader, { normEpsilon: 1e-5, fusedWeights: true, windowOf: () => window }, options)
}
