/** @file A decoder as transformers.js runs it: positions and a mask in, the whole cache in and out. */
import { addDimensions } from '../graph/dimension.ts'
import { Graph } from '../graph/graph.ts'
import { groupQueryAttention } from '../graph/ops/attention.ts'
import { add, cast, multiply, negate, subtract } from '../graph/ops/elementwise.ts'
import { dynamicSlice, reshape, shapeOf, unsqueeze } from '../graph/ops/movement.ts'
import { reduceSum } from '../graph/ops/reduction.ts'
import type { Value } from '../graph/value.ts'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import { finalHidden } from '../models/decoder/decoder-graph.ts'
import { decoderLayer, type Stream } from '../models/decoder/decoder-layer.ts'
import { DecoderScope } from '../models/decoder/decoder-scope.ts'
import { embedTokens } from '../models/decoder/embed-tokens.ts'
import { headLogits } from '../models/decoder/head-graph.ts'
import type { ChooseForm, LinearForm } from '../models/decoder/linear-form.ts'
import type { DecoderGraph } from '../models/decoder/weight-recipe.ts'
import { portableGraph } from './portable-graph.ts'
import { type RotaryRows, rotaryFromPositions } from './rotary-from-positions.ts'

// transformers.js makes an empty cache from these names: a size of the batch, and 0 for every other
const [batch, tokens, past] = ['batch_size', 'sequence_length', 'past_sequence_length']
const all = addDimensions(past, tokens)

/** How linear layers and the embedding table are stored. */
export interface ExportForms {
  readonly choose: ChooseForm
  readonly embedding: LinearForm
}

/**
 * Inputs: `input_ids`, `position_ids` int64 [B, T]; `attention_mask` int64 [B, P+T], 0 for padding on either side;
 * `num_logits_to_keep` int64, the number of last rows whose logits are wanted, 0 for all; `past_key_values.<l>.key` and `.value`
 * [B, G, P, D]. Outputs: `logits` [B, K, V], `present.<l>.key` and `.value` [B, G, P+T, D].
 */
export function decoderExportGraph(config: DecoderConfig, forms: ExportForms): DecoderGraph {
  const graph = new Graph(config.modelType)
  const scope = new DecoderScope(graph, config, { choose: forms.choose, rotated: false })
  const ids = graph.input('input_ids', 'int64', [batch, tokens])
  const mask = graph.input('attention_mask', 'int64', [batch, all])
  const positions = graph.input('position_ids', 'int64', [batch, tokens])
  const kept = graph.input('num_logits_to_keep', 'int64', [])
  const shared = attentionInputs(mask, positions)
  const rotary = rotaryByKind(graph, config, positions)
  let stream: Stream = { sum: embedTokens(scope, ids, forms.embedding) }
  for (const [layer, { rope }] of config.layers.entries()) {
    const attend = (query: Value, key: Value, value: Value): Value =>
      cachedAttention(graph, config, { layer, query, key, value, ...shared })
    const rows = rope === undefined ? undefined : rotary.get(rope)!
    const context = { layer, mode: 'fused' as const, attend, rotary: rows && (() => rows) }
    stream = decoderLayer(scope, stream, context).next
  }
  graph.output('logits', headLogits(scope, lastRows(finalHidden(scope, stream), kept)))
  return { graph: portableGraph(graph), recipes: scope.recipes }
}

function rotaryByKind(graph: Graph, config: DecoderConfig, positions: Value): Map<string, RotaryRows> {
  const used = new Set(config.layers.map((layer) => layer.rope))
  const rows = new Map<string, RotaryRows>()
  // one position more: transformers.js counts from 1 for some families
  for (const [kind, rope] of Object.entries(config.ropes))
    if (used.has(kind)) rows.set(kind, rotaryFromPositions(graph, positions, rope, config.maxPositions + 1))
  return rows
}

interface SharedInputs {
  /** float32 [B, 1, T, P+T]: 0 where a key is a token, a large negative number where it is padding. */
  readonly bias: Value
  /** int32 [B]: the last key's place, the same for every text since padding is masked. */
  readonly lastIndex: Value
  /** int32 scalar: P+T. */
  readonly totalLength: Value
}

function attentionInputs(mask: Value, positions: Value): SharedInputs {
  const real = cast(mask, 'float32')
  const padding = unsqueeze(multiply(subtract(1, real), -1e9), [1, 2])
  const rows = unsqueeze(cast(multiply(positions, 0), 'float32'), [1, 3])
  const length = cast(shapeOf(mask, { start: 1, end: 2 }), 'int32')
  const totalLength = reshape(length, [])
  const zeros = cast(reduceSum(multiply(real, 0), { axes: [1], keepDims: false }), 'int32')
  return { bias: add(padding, rows), totalLength, lastIndex: add(zeros, subtract(totalLength, 1)) }
}

interface AttentionParts extends SharedInputs {
  readonly layer: number
  readonly query: Value
  readonly key: Value
  readonly value: Value
}

function cachedAttention(graph: Graph, config: DecoderConfig, parts: AttentionParts): Value {
  const { layer, query, key, value, bias, lastIndex, totalLength } = parts
  const shape = [batch, config.kvHeads, past, config.headDim]
  const pastKey = graph.input(`past_key_values.${layer}.key`, 'float32', shape)
  const pastValue = graph.input(`past_key_values.${layer}.value`, 'float32', shape)
  const { output, presentKey, presentValue } = groupQueryAttention(
    { query, key, value, pastKey, pastValue, lastIndex, totalLength, bias },
    {
      numHeads: config.heads,
      kvHeads: config.kvHeads,
      scale: config.queryScale,
      softcap: config.attentionSoftcap ?? 0,
      localWindow: config.layers[layer]!.window ?? -1,
    },
  )
  graph.output(`present.${layer}.key`, presentKey)
  graph.output(`present.${layer}.value`, presentValue)
  return output
}

/** The last rows of [B, T, E]: a start of -0 is the first row. */
function lastRows(hidden: Value, kept: Value): Value {
  const { graph } = hidden
  return dynamicSlice(hidden, {
    starts: negate(reshape(kept, [1])),
    ends: graph.constant(BigInt64Array.of(2n ** 62n)),
    axes: [1],
    sizes: ['num_logits'],
  })
}
