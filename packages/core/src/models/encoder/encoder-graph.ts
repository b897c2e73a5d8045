/** @file An encoder and its head as one graph. */
import type { Accuracy } from '@lc/model'
import { Graph } from '../../graph/graph.ts'
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
  /** `fast`: 8-bit integers in the layers; CPU only. Defaults to `exact`. */
  readonly accuracy?: Accuracy
  /** `masked` (default): texts of any lengths. `none`: all texts of a batch have one length; less memory for long ones. */
  readonly padding?: 'masked' | 'none'
  /** Further outputs: `hidden.0` to `hidden.L` [B, T, E] and, with a mask, `attention.0`... [B, H, T, T]. Defaults to none. */
  readonly inspect?: boolean
}

/**
 * The graph of an encoder. Inputs are those of `encoderFeeds`. Outputs: `states` [B, T, E], the last hidden state; with the embedding
 * head `pooled` [B, E]; with a classification head `logits`, [B, labels] or [B, T, labels].
 */
export function buildEncoderGraph(config: EncoderConfig, options: EncoderGraphOptions = {}): Graph {
  const graph = new Graph(config.modelType)
  const products = { kind: options.accuracy === 'fast' ? ('int8' as const) : ('float32' as const) }
  const weights = encoderWeights(graph, options.weights, products)
  const inputs = declareEncoderInputs(graph, {
    headDim: config.headDim,
    positionsPerText: config.kind === 'bert',
    types: config.kind === 'bert' && config.typeCount > 1,
    mask: options.padding !== 'none',
  })
  const body = encoderBody(config, inputs, weights)
  graph.output('states', body.last)
  const head = headOutput(config, weights, {
    states: body.last,
    ...(inputs.mask && { mask: inputs.mask }),
    pooling: options.pooling ?? 'mean',
  })
  graph.output(head.name, head.value)
  if (options.inspect) {
    for (const [index, value] of body.hidden.entries()) graph.output(`hidden.${index}`, value)
    for (const [index, value] of body.attention.entries()) graph.output(`attention.${index}`, value)
  }
  return graph
}

/** The layers of any encoder. */
export function encoderBody(config: EncoderConfig, inputs: EncoderInputs, weights: EncoderWeights): EncoderBody {
  return config.kind === 'bert' ? bertBody(config, inputs, weights) : modernBertBody(config, inputs, weights)
}

/** What the head adds: `pooled`, or `logits`. */
export function headOutput(
  config: EncoderConfig,
  weights: EncoderWeights,
  parts: { readonly states: Value; readonly mask?: Value; readonly pooling: Pooling },
): { readonly name: 'pooled' | 'logits'; readonly value: Value } {
  const { states, mask, pooling } = parts
  if (config.head === 'embedding') return { name: 'pooled', value: pool(states, mask, pooling) }
  if (config.head === 'sequence') return { name: 'logits', value: sequenceLogits(config, weights, states, mask) }
  return { name: 'logits', value: tokenLogits(config, weights, states) }
}
