/** @file What is added to scores so that queries see the right slots: lengths, windows, patterns, and policies' own biases. */
import type { AttentionPattern } from '../models/decoder/attention-pattern.ts'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import type { HostTensor } from '../runtime/tensor.ts'
import type { HeadLayout } from './head-layout.ts'
import type { KvCache } from './kv-cache.ts'

// large enough that its exponential is zero, small enough that sums stay finite
const hidden = -1e30

/** What biases depend on. */
export interface BiasInput {
  readonly config: DecoderConfig
  readonly attention: AttentionPattern
  readonly cache: KvCache
}

/**
 * Biases of steps. Kept by cache between steps, since most of a bias stays as it is from one token to the next: only the slots of new
 * tokens come into sight.
 */
export class StepBiases {
  readonly #kept = new WeakMap<KvCache, KeptBias[]>()

  /** `bias.<layer>` `[G, 1, C]`, of a ragged layer `[G, 1, S]`; with `shared` one `bias` for all layers, which must see alike. */
  feeds(input: BiasInput, shared: boolean): Record<string, HostTensor> {
    const { cache } = input
    if (shared) return { bias: this.#bias(input, 0) }
    const feeds: Record<string, HostTensor> = {}
    for (let layer = 0; layer < cache.shape.layers; layer++) feeds[`bias.${layer}`] = this.#bias(input, layer)
    return feeds
  }

  #bias(input: BiasInput, layer: number): HostTensor {
    const { cache } = input
    const kept = this.#kept.get(cache) ?? []
    this.#kept.set(cache, kept)
    const { layout } = cache.layer(layer)
    const lengths = cache.lengthsOf(layer)
    const known = kept[layer]
    // what a moving query sees changes by more than the new slots
    const moving = input.config.layers[layer]!.window !== undefined || input.attention.visible !== undefined
    const valid =
      known && !moving && known.edits === cache.edits && known.layout === layout && grown(known.lengths, lengths)
    const tensor = valid ? known.tensor : emptyBias(layout)
    const data = tensor.data as Float32Array
    for (let head = 0; head < layout.capacities.length; head++) {
      const from = head * width(layout) + (layout.rectangular ? 0 : layout.starts[head]!)
      const row = data.subarray(from, from + layout.capacities[head]!)
      if (valid) row.fill(0, known.lengths[head], lengths[head])
      else fillRow(row, input, { layer, head, query: cache.nextPosition })
    }
    kept[layer] = { edits: cache.edits, layout, lengths: lengths.slice(), tensor }
    return tensor
  }
}

interface KeptBias {
  readonly edits: number
  readonly layout: HeadLayout
  readonly lengths: Int32Array
  readonly tensor: HostTensor
}

function grown(before: Int32Array, after: Int32Array): boolean {
  return before.every((length, head) => length <= after[head]!)
}

function width(layout: HeadLayout): number {
  return layout.rectangular ? layout.capacity : layout.total
}

function emptyBias(layout: HeadLayout): HostTensor {
  const heads = layout.capacities.length
  return {
    dtype: 'float32',
    shape: [heads, 1, width(layout)],
    data: new Float32Array(heads * width(layout)).fill(hidden),
  }
}

/** Slots of each head that a chunk sees of a layer: all that a rectangular one has room for, of a ragged one the fullest head's. */
export function chunkWidth(cache: KvCache, layer: number): number {
  const { layout } = cache.layer(layer)
  return layout.rectangular ? layout.capacity : Math.max(...cache.lengthsOf(layer))
}

/** Biases of a chunk, `bias.<layer>` `[G, T, C+T]`: layers that see alike share one tensor. */
export function chunkBiases(input: BiasInput, tokens: number): Record<string, HostTensor> {
  const { config, attention, cache } = input
  const { uniform, level } = cache
  const shared = new Map<string, HostTensor>()
  const result: Record<string, HostTensor> = {}
  for (let layer = 0; layer < cache.shape.layers; layer++) {
    const { window } = config.layers[layer]!
    const key = `${window} ${chunkWidth(cache, layer)}`
    const alike = (window === undefined ? level : uniform) && attention.visible === undefined
    const bias = (alike ? shared.get(key) : undefined) ?? chunkBias(input, layer, tokens)
    if (alike) shared.set(key, bias)
    result[`bias.${layer}`] = bias
  }
  return result
}

function chunkBias(input: BiasInput, layer: number, tokens: number): HostTensor {
  const { cache } = input
  const { kvHeads } = cache.shape
  const slots = chunkWidth(cache, layer)
  const columns = slots + tokens
  const data = new Float32Array(kvHeads * tokens * columns)
  const sees = visibility(input, layer)
  for (let head = 0; head < kvHeads; head++)
    for (let token = 0; token < tokens; token++) {
      const row = data.subarray((head * tokens + token) * columns, (head * tokens + token + 1) * columns)
      const query = cache.nextPosition + token
      fillRow(row.subarray(0, slots), input, { layer, head, query })
      for (let other = 0; other < tokens; other++)
        if (other > token || !sees(query, cache.nextPosition + other)) row[slots + other] = hidden
    }
  return { dtype: 'float32', shape: [kvHeads, tokens, columns], data }
}

function fillRow(
  row: Float32Array,
  input: BiasInput,
  { layer, head, query }: { layer: number; head: number; query: number },
): void {
  const { cache } = input
  const length = cache.lengthOf(layer, head)
  row.fill(0, 0, length)
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
