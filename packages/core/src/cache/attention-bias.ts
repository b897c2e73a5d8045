/** @file What is added to scores so that queries see the right slots: lengths, windows, patterns, and policies' own biases. */
import type { AttentionPattern } from '../models/decoder/attention-pattern.ts'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import type { HostTensor } from '../runtime/tensor.ts'
import type { KvCache } from './kv-cache.ts'

// large enough that its exponential is zero, small enough that sums stay finite
const hidden = -1e30

/** What biases depend on. */
export interface BiasInput {
  readonly config: DecoderConfig
  readonly attention: AttentionPattern
  readonly cache: KvCache
}

/** Biases of a step, `bias.<layer>` `[G, 1, C]`: layers that see alike share one tensor. */
export function stepBiases(input: BiasInput): Record<string, HostTensor> {
  return biases(input, (layer) => layerBias(input, layer))
}

/** The one bias of a step whose layers see alike, `[G, 1, C]`. */
export function stepBias(input: BiasInput): HostTensor {
  return layerBias(input, 0)
}

function layerBias(input: BiasInput, layer: number): HostTensor {
  const { cache } = input
  const { kvHeads } = cache.shape
  const data = new Float32Array(kvHeads * cache.capacity)
  for (let head = 0; head < kvHeads; head++) {
    const row = data.subarray(head * cache.capacity, (head + 1) * cache.capacity)
    fillRow(row, input, { layer, head, query: cache.nextPosition })
  }
  return { dtype: 'float32', shape: [kvHeads, 1, cache.capacity], data }
}

/** Biases of a chunk, `bias.<layer>` `[G, T, C+T]`. */
export function chunkBiases(input: BiasInput, tokens: number): Record<string, HostTensor> {
  return biases(input, (layer) => {
    const { cache } = input
    const { kvHeads } = cache.shape
    const width = cache.capacity + tokens
    const data = new Float32Array(kvHeads * tokens * width)
    const sees = visibility(input, layer)
    for (let head = 0; head < kvHeads; head++)
      for (let token = 0; token < tokens; token++) {
        const row = data.subarray((head * tokens + token) * width, (head * tokens + token + 1) * width)
        const query = cache.nextPosition + token
        fillRow(row.subarray(0, cache.capacity), input, { layer, head, query })
        for (let other = 0; other < tokens; other++)
          if (other > token || !sees(query, cache.nextPosition + other)) row[cache.capacity + other] = hidden
      }
    return { dtype: 'float32', shape: [kvHeads, tokens, width], data }
  })
}

function biases(input: BiasInput, make: (layer: number) => HostTensor): Record<string, HostTensor> {
  const { config, attention, cache } = input
  const uniform = cache.uniform
  const shared = new Map<number | undefined, HostTensor>()
  const result: Record<string, HostTensor> = {}
  for (let layer = 0; layer < config.layers.length; layer++) {
    const { window } = config.layers[layer]!
    const alike = uniform && attention.visible === undefined
    const bias = (alike ? shared.get(window) : undefined) ?? make(layer)
    if (alike) shared.set(window, bias)
    result[`bias.${layer}`] = bias
  }
  return result
}

function fillRow(
  row: Float32Array,
  input: BiasInput,
  { layer, head, query }: { layer: number; head: number; query: number },
): void {
  const { cache } = input
  const length = cache.lengthOf(layer, head)
  row.fill(hidden, length)
  const own = cache.biasOf(layer, head)
  if (own) for (let slot = 0; slot < length; slot++) row[slot] = Math.max(own[slot]!, hidden)
  if (input.config.layers[layer]!.window === undefined && !input.attention.visible) return
  const positions = cache.positionsOf(layer, head)
  const sees = visibility(input, layer)
  for (let slot = 0; slot < length; slot++) if (!sees(query, positions[slot]!)) row[slot] = hidden
}

function visibility({ config, attention }: BiasInput, layer: number): (query: number, key: number) => boolean {
  const window = config.layers[layer]!.window
  return (query, key) =>
    (window === undefined || query - key < window) && (attention.visible?.(query, key, layer) ?? true)
}
