/** @file An encoder as transformers.js runs it: ids, mask and token types in; last hidden state or logits out. */
import { InternalError } from '@lc/model/errors'
import { Graph } from '../graph/graph.ts'
import { add, cast, multiply, subtract } from '../graph/ops/elementwise.ts'
import { slice, squeeze } from '../graph/ops/movement.ts'
import { cumulativeSum } from '../graph/ops/reduction.ts'
import type { Value } from '../graph/value.ts'
import type { EncoderConfig } from '../models/encoder/encoder-config.ts'
import { encoderBody, headOutput } from '../models/encoder/encoder-graph.ts'
import type { EncoderInputs } from '../models/encoder/encoder-inputs.ts'
import { type EncoderProducts, encoderWeights } from '../models/encoder/encoder-weights.ts'
import type { WeightSource } from '../weights/weight-source.ts'
import { portableGraph } from './portable-graph.ts'
import { type RotaryRows, rotaryFromPositions } from './rotary-from-positions.ts'

/**
 * Inputs: `input_ids`, `attention_mask` and, for families with token types, `token_type_ids`, int64 [B, T]. Output:
 * `last_hidden_state` [B, T, E], or `logits` of the classification head.
 */
export function encoderExportGraph(
  config: EncoderConfig,
  source: Pick<WeightSource, 'names'>,
  products: EncoderProducts = { kind: 'float32' },
): Graph {
  const graph = new Graph(config.modelType)
  const weights = encoderWeights(graph, source, products)
  const inputs = exportInputs(graph, config)
  const body = encoderBody(config, inputs, weights)
  if (config.head === 'embedding') graph.output('last_hidden_state', body.last)
  else {
    const { name, value } = headOutput(config, weights, { states: body.last, mask: inputs.mask, pooling: 'mean' })
    graph.output(name, value)
  }
  return portableGraph(graph)
}

function exportInputs(graph: Graph, config: EncoderConfig): EncoderInputs & { readonly mask: Value } {
  const shape = ['batch_size', 'sequence_length']
  const ids = graph.input('input_ids', 'int64', shape)
  const mask = graph.input('attention_mask', 'int64', shape)
  const types =
    config.kind === 'bert' && config.typeCount > 1 ? graph.input('token_type_ids', 'int64', shape) : undefined
  const positions = config.kind === 'bert' ? tablePositions(config.positionOffset, mask) : places(mask)
  const rows = new Map<string, RotaryRows>()
  return {
    ids,
    mask: cast(mask, 'float32'),
    ...(types && { types }),
    positions,
    rotary(rope) {
      if (config.kind !== 'modernbert')
        throw new InternalError({ invariant: `${config.modelType} has no rotary positions` })
      const known = rows.get(rope) ?? rotaryFromPositions(graph, positions, config.ropes[rope], config.contextLength)
      rows.set(rope, known)
      return known
    },
  }
}

/** Rows of a position table [B, T]: counted over the tokens where the table begins with rows for padding, over all otherwise. */
function tablePositions(offset: number, mask: Value): Value {
  if (offset === 0) return subtract(cumulativeSum(onesLike(mask), { axis: 1 }), 1)
  return add(multiply(cumulativeSum(mask, { axis: 1 }), mask), offset - 1)
}

/** 0, 1, 2, ... [T] */
function places(mask: Value): Value {
  const first = squeeze(slice(mask, { axis: 0, start: 0, end: 1 }), [0])
  return subtract(cumulativeSum(onesLike(first), { axis: 0 }), 1)
}

function onesLike(x: Value): Value {
  return add(multiply(x, 0), 1)
}
