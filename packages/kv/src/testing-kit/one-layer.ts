/** @file One layer of a made-up decoder, to test attention patterns by their numbers alone. */
import type { AttentionPattern, AttentionSite, DecoderConfig, PatternFeedContext } from '@lc/core'
import { Graph, type TensorData } from '@lc/core/graph'
import { decoderConfigOf, plainAttention, RopeTable } from '@lc/core/models'
import type { Device, HostTensor, Tensor } from '@lc/core/runtime'

/** What is cached, by slot, and the token that comes next, already rotated. */
export interface OneLayer {
  readonly kvHeads: number
  /** Query heads of a key/value head. */
  readonly group: number
  readonly headDim: number
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
export function oneLayerConfig({ kvHeads, group, headDim }: OneLayer, layers = 1): DecoderConfig {
  return decoderConfigOf({
    model_type: 'llama',
    vocab_size: 16,
    hidden_size: kvHeads * group * headDim,
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

/** What a pattern's step gives: its output `[H*D]` and the outputs that it named. */
export async function runOneLayer(
  device: Device,
  pattern: AttentionPattern,
  layer: OneLayer,
  context: PatternFeedContext = oneLayerContext(layer),
): Promise<Readonly<Record<string, HostTensor>>> {
  const { kvHeads, group, headDim } = layer
  const { capacity } = context
  const graph = new Graph('one layer')
  const names: string[] = []
  const input = (name: string, shape: readonly (number | string)[]) => graph.input(name, 'float32', shape)
  const variant = pattern.variant?.(context)
  const site: AttentionSite = {
    graph,
    config: context.config,
    layer: 0,
    mode: 'step',
    ...(variant !== undefined && { variant }),
    query: input('query', [kvHeads, group, headDim]),
    key: input('key', [kvHeads, 1, headDim]),
    value: input('value', [kvHeads, headDim, 1]),
    pastKey: input('pastKey', [kvHeads, 'C', headDim]),
    pastValue: input('pastValue', [kvHeads, headDim, 'C']),
    bias: input('bias', [kvHeads, 1, 'C']),
    input: (name, dtype, shape) => graph.input(`${name}.0`, dtype, shape),
    output: (name, value) => {
      names.push(`${name}.0`)
      graph.output(`${name}.0`, value)
    },
  }
  graph.output('attended', (pattern.build ?? plainAttention)(site))
  const feeds: Record<string, Tensor> = {
    query: float32([kvHeads, group, headDim], layer.query),
    key: float32([kvHeads, 1, headDim], layer.key),
    value: float32([kvHeads, headDim, 1], layer.value),
    pastKey: float32([kvHeads, capacity, headDim], context.keys(0)),
    pastValue: float32([kvHeads, headDim, capacity], context.values(0)),
    bias: float32([kvHeads, 1, capacity], biasOf(context)),
    ...pattern.feed?.(context),
  }
  const program = await device.compile(graph)
  try {
    return await program.run(feeds, ['attended', ...names])
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
