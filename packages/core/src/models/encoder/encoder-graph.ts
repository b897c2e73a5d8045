/** @file An encoder and its head as one graph. */
import { Graph } from '../../graph/graph.ts'
import { reshape } from '../../graph/ops/movement.ts'
import type { Value } from '../../graph/value.ts'
import type { WeightSource } from '../../weights/weight-source.ts'
import { bertBody } from '../bert/bert-graph.ts'
import { modernBertBody } from '../modernbert/modernbert-graph.ts'
import type { EncoderBody } from './encoder-body.ts'
import type { EncoderConfig } from './encoder-config.ts'
import { sequenceLogits, tokenLogits } from './encoder-heads.ts'
import { declareEncoderInputs, type EncoderInputs } from './encoder-inputs.ts'
import { type EncoderWeights, encoderWeights } from './encoder-weights.ts'
import { type Pooling, pool } from './pooling.ts'

/** Options of `buildEncoderGraph`. */
export interface EncoderGraphOptions {
  /** The checkpoint whose names the weights get. Defaults to the plain names of transformers' own classes. */
  readonly weights?: Pick<WeightSource, 'names'>
  /** How the output `pooled` is made (embedding head). Defaults to `mean`. */
  readonly pooling?: Pooling
  /** Further outputs: `hidden.0` to `hidden.L` [B, T, E] and `attention.0`... [B, H, T, T]. Defaults to none. */
  readonly inspect?: boolean
}

/**
 * The graph of an encoder. Inputs are those of `encoderFeeds`. Outputs: `states` [B, T, E], the last hidden state; with the embedding
 * head `pooled` [B, E]; with a classification head `logits`, [B, labels] or [B, T, labels].
 */
export function buildEncoderGraph(config: EncoderConfig, options: EncoderGraphOptions = {}): Graph {
  const graph = new Graph(config.modelType)
  const weights = encoderWeights(graph, options.weights)
  const inputs = declareEncoderInputs(graph, {
    headDim: config.headDim,
    positionsPerText: config.kind === 'bert',
    types: config.kind === 'bert' && config.typeCount > 1,
  })
  const body = encoderBody(config, inputs, weights)
  const states = perText(body.last, inputs.ids, config.hiddenSize)
  graph.output('states', states)
  for (const [name, value] of headOutputs(config, weights, {
    body,
    states,
    inputs,
    pooling: options.pooling ?? 'mean',
  }))
    graph.output(name, value)
  if (options.inspect) {
    for (const [index, value] of body.hidden.entries())
      graph.output(`hidden.${index}`, perText(value, inputs.ids, config.hiddenSize))
    for (const [index, value] of body.attention.entries()) graph.output(`attention.${index}`, value)
  }
  return graph
}

/** The layers of any encoder. */
export function encoderBody(config: EncoderConfig, inputs: EncoderInputs, weights: EncoderWeights): EncoderBody {
  return config.kind === 'bert' ? bertBody(config, inputs, weights) : modernBertBody(config, inputs, weights)
}

/** What the head adds: `pooled`, or `logits`. */
export function headOutputs(
  config: EncoderConfig,
  weights: EncoderWeights,
  parts: {
    readonly body: EncoderBody
    readonly states: Value
    readonly inputs: EncoderInputs
    readonly pooling: Pooling
  },
): [string, Value][] {
  const { body, states, inputs, pooling } = parts
  if (config.head === 'embedding') return [['pooled', pool(states, inputs.mask, pooling)]]
  if (config.head === 'sequence') return [['logits', sequenceLogits(config, weights, states, inputs.mask)]]
  return [['logits', perText(tokenLogits(config, weights, body.last), inputs.ids, config.labels.length)]]
}

/** Rows [B*T, size] as [B, T, size]. */
export function perText(rows: Value, ids: Value, size: number): Value {
  return reshape(rows, [ids.shape[0]!, ids.shape[1]!, size])
}
