/** @file One layer of a made-up decoder, to test attention patterns by their numbers alone. */
import type { AttentionPattern, AttentionSite, DecoderConfig, PatternFeedContext } from '@lc/core'
import { addDimensions, type Dimension, Graph, type TensorData } from '@lc/core/graph'
import { decoderConfigOf, plainAttention, RopeTable } from '@lc/core/models'
import type { Device, HostTensor } from '@lc/core/runtime'

/** What is cached, by slot, and the token that comes next, already rotated. */
export interface OneLayer {
  readonly kvHeads: number
  /** Query heads of a key/value head. */
  readonly group: number
  readonly headDim: number
  /** Size of the stream. Defaults to that of all query heads. */
  readonly hiddenSize?: number
  readonly tokens: number
  /** `[G, T, D]` */
  readonly keys: ArrayLike<number>
  readonly values: ArrayLike<number>
  /** `[G, g, D]`, `[G, 1, D]`, `[G, 1, D]` */
  readonly query: ArrayLike<number>
  readonly key: ArrayLike<number>
  readonly value: ArrayLike<number>
}

const hidden = -1e30
const ropeBase = 10_000

/** The configuration of a decoder with layers like this one. */
export function oneLayerConfig({ kvHeads, group, headDim, hiddenSize }: OneLayer, layers = 1): DecoderConfig {
  return decoderConfigOf({
    model_type: 'llama',
    vocab_size: 16,
    hidden_size: hiddenSize ?? kvHeads * group * headDim,
    intermediate_size: 16,
    num_attention_heads: kvHeads * group,
    num_key_value_heads: kvHeads,
    head_dim: headDim,
    num_hidden_layers: layers,
    rms_norm_eps: 1e-5,
    rope_theta: ropeBase,
    max_position_embeddings: 4096,
    tie_word_embeddings: true,
  })
}

/** A cache that holds the first `length` tokens, as patterns see it. `cache` stands for it; defaults to a new one. */
export function oneLayerContext(
  layer: OneLayer,
  options: { readonly length?: number; readonly capacity?: number; readonly cache?: object } = {},
): PatternFeedContext {
  const { length = layer.tokens, capacity = 128, cache = {} } = options
  const { kvHeads, headDim, tokens } = layer
  const config = oneLayerConfig(layer)
  const keys = new Float32Array(kvHeads * capacity * headDim)
  const values = new Float32Array(kvHeads * capacity * headDim)
  for (let head = 0; head < kvHeads; head++)
    for (let slot = 0; slot < length; slot++)
      for (let channel = 0; channel < headDim; channel++) {
        const from = (head * tokens + slot) * headDim + channel
        keys[(head * capacity + slot) * headDim + channel] = layer.keys[from]!
        values[(head * headDim + channel) * capacity + slot] = layer.values[from]!
      }
  const positions = Int32Array.from({ length: capacity }, (_, slot) => slot)
  const ropes = new Map(Object.entries(config.ropes).map(([kind, rope]) => [kind, new RopeTable(rope, capacity)]))
  const shared = { cache, edits: 0, config, ropes, mode: 'step', tokens: 1, capacity, position: length } as const
  return { ...shared, keys: () => keys, values: () => values, length: () => length, positions: () => positions }
}

/** What a pattern's step gives: its output `attended` `[H*D]` and the outputs that it named. */
export function runOneLayer(
  device: Device,
  pattern: AttentionPattern,
  layer: OneLayer,
  context: PatternFeedContext = oneLayerContext(layer),
): Promise<Readonly<Record<string, HostTensor>>> {
  const { kvHeads, group, headDim } = layer
  const { capacity } = context
  return runSite(device, pattern, context, {
    query: float32([kvHeads, group, headDim], layer.query),
    key: float32([kvHeads, 1, headDim], layer.key),
    value: float32([kvHeads, headDim, 1], layer.value),
    pastKey: float32([kvHeads, capacity, headDim], context.keys(0)),
    pastValue: float32([kvHeads, headDim, capacity], context.values(0)),
    bias: float32([kvHeads, 1, capacity], biasOf(context)),
  })
}

/** A text by tokens in one layer, all of them rotated already: `query` `[G, g, N, D]`, `hidden` `[N, hiddenSize]`. */
export interface OneSequence extends Pick<OneLayer, 'kvHeads' | 'group' | 'headDim' | 'tokens' | 'keys' | 'values'> {
  readonly query: ArrayLike<number>
  readonly hidden: ArrayLike<number>
  readonly hiddenSize: number
}

/**
 * What a pattern gives for the tokens of a text after the first `cached` ones, up to `end`: `attended` `[T, H*D]`. One token is a step, more
 * are an open chunk. `cache` stands for the cache.
 */
export function runTokens(
  device: Device,
  pattern: AttentionPattern,
  text: OneSequence,
  run: { readonly cached: number; readonly end: number; readonly cache?: object; readonly capacity?: number },
): Promise<Readonly<Record<string, HostTensor>>> {
  const { kvHeads, group, headDim, hiddenSize } = text
  const { cached, end, cache = {}, capacity = 64 } = run
  const tokens = end - cached
  const step = tokens === 1
  const part = (data: ArrayLike<number>, heads: number): number[] =>
    tokensFirst(data, { heads, tokens: text.tokens, headDim }).slice(cached * heads * headDim, end * heads * headDim)
  const [query, key, value] = [part(text.query, kvHeads * group), part(text.keys, kvHeads), part(text.values, kvHeads)]
  const layer = { ...text, query, key, value }
  const past = oneLayerContext(layer, { length: cached, cache, capacity })
  const context: PatternFeedContext = { ...past, mode: step ? 'step' : 'open', tokens }
  const shapes = step
    ? { query: [kvHeads, group, headDim], key: [kvHeads, 1, headDim], value: [kvHeads, headDim, 1] }
    : {
        query: [1, tokens, kvHeads * group * headDim],
        key: [1, tokens, kvHeads * headDim],
        value: [1, tokens, kvHeads * headDim],
      }
  const hiddenRows = Array.from(text.hidden).slice(cached * hiddenSize, end * hiddenSize)
  return runSite(device, pattern, context, {
    query: float32(shapes.query, query),
    key: float32(shapes.key, key),
    value: float32(shapes.value, value),
    hidden: float32(step ? [1, hiddenSize] : [1, tokens, hiddenSize], hiddenRows),
    pastKey: float32([kvHeads, capacity, headDim], context.keys(0)),
    pastValue: float32([kvHeads, headDim, capacity], context.values(0)),
    bias: step
      ? float32([kvHeads, 1, capacity], biasOf(context))
      : float32([kvHeads, tokens, capacity + tokens], chunkBiasOf(context)),
  })
}

/** What a pattern gives for a chunk of new tokens, `query` `[G, g, T, D]`, `key` and `value` `[G, T, D]`: `attended` `[T, H*D]`. */
export function runOneChunk(
  device: Device,
  pattern: AttentionPattern,
  layer: OneLayer,
): Promise<Readonly<Record<string, HostTensor>>> {
  const { kvHeads, group, headDim } = layer
  const tokens = layer.key.length / (kvHeads * headDim)
  const context: PatternFeedContext = { ...oneLayerContext(layer), mode: 'fused', tokens }
  const { capacity } = context
  const rows = (data: ArrayLike<number>, heads: number) =>
    float32([1, tokens, heads * headDim], tokensFirst(data, { heads, tokens, headDim }))
  return runSite(device, pattern, context, {
    query: rows(layer.query, kvHeads * group),
    key: rows(layer.key, kvHeads),
    value: rows(layer.value, kvHeads),
    pastKey: float32([1, kvHeads, capacity, headDim], context.keys(0)),
    pastValue: float32([1, kvHeads, headDim, capacity], context.values(0)),
  })
}

/** `[H, T, D]` as `[T, H*D]`. */
export function tokensFirst(
  data: ArrayLike<number>,
  { heads, tokens, headDim }: { heads: number; tokens: number; headDim: number },
): number[] {
  return Array.from({ length: data.length }, (_, at) => {
    const [token, head, channel] = [Math.floor(at / (heads * headDim)), Math.floor(at / headDim) % heads, at % headDim]
    return data[(head * tokens + token) * headDim + channel]!
  })
}

async function runSite(
  device: Device,
  pattern: AttentionPattern,
  context: PatternFeedContext,
  tensors: { readonly [name in 'query' | 'key' | 'value' | 'pastKey' | 'pastValue']: HostTensor } & {
    readonly bias?: HostTensor
    readonly hidden?: HostTensor
  },
): Promise<Readonly<Record<string, HostTensor>>> {
  const graph = new Graph('one layer')
  const names: string[] = []
  const chunk = context.mode === 'fused'
  const input = (name: keyof typeof tensors, symbols: Record<number, Dimension> = {}) =>
    graph.input(
      name,
      'float32',
      tensors[name]!.shape.map((size, axis) => symbols[axis] ?? size),
    )
  const open = context.mode === 'open'
  const rows: Record<number, string> = chunk ? { 0: 'B', 1: 'T' } : open ? { 1: 'T' } : {}
  const [pastKey, pastValue] = chunk
    ? [input('pastKey', { 0: 'B', 2: 'C' }), input('pastValue', { 0: 'B', 3: 'C' })]
    : [input('pastKey', { 1: 'C' }), input('pastValue', { 2: 'C' })]
  const variant = pattern.variant?.(context)
  const bias = tensors.bias && input('bias', { 2: open ? addDimensions('C', 'T') : 'C', ...(open && { 1: 'T' }) })
  const stream = tensors.hidden && input('hidden', rows)
  const site: AttentionSite = {
    graph,
    config: context.config,
    layer: 0,
    mode: context.mode,
    ...(variant !== undefined && { variant }),
    query: input('query', rows),
    key: input('key', rows),
    value: input('value', rows),
    past: {
      format: 'float32',
      layout: 'alike',
      key: () => pastKey,
      value: () => pastValue,
      slots: 'C',
    },
    pastKey,
    pastValue,
    ...(bias && { bias }),
    get hidden() {
      return stream!
    },
    input: (name, dtype, shape) => graph.input(`${name}.0`, dtype, shape),
    output: (name, value) => {
      names.push(`${name}.0`)
      graph.output(`${name}.0`, value)
    },
  }
  graph.output('attended', (pattern.build ?? plainAttention)(site))
  const program = await device.compile(graph)
  try {
    return await program.run({ ...tensors, ...pattern.feed?.(context) }, ['attended', ...names])
  } finally {
    await program.close()
  }
}

/** Plain numbers of an output. */
export function numbers(tensor: { readonly data: TensorData } | undefined): number[] {
  return Array.from(tensor!.data as ArrayLike<number | bigint>, Number)
}

function float32(shape: readonly number[], data: ArrayLike<number>): HostTensor {
  return { dtype: 'float32', shape, data: Float32Array.from(data) }
}

function biasOf({ config, capacity, length }: PatternFeedContext): Float32Array {
  const bias = new Float32Array(config.kvHeads * capacity)
  for (let head = 0; head < config.kvHeads; head++)
    bias.fill(hidden, head * capacity + length(0, head), (head + 1) * capacity)
  return bias
}

function chunkBiasOf({ config, capacity, tokens, length }: PatternFeedContext): Float32Array {
  const width = capacity + tokens
  const bias = new Float32Array(config.kvHeads * tokens * width)
  for (let row = 0; row < config.kvHeads * tokens; row++) {
    bias.fill(hidden, row * width + length(0, 0), row * width + capacity)
    bias.fill(hidden, row * width + capacity + (row % tokens) + 1, (row + 1) * width)
  }
  return bias
}
