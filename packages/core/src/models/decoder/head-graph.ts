/** @file The output head as a graph of its own: it is run on blocks of rows, so that the logits of a long text never exist at once. */
import { Graph } from '../../graph/graph.ts'
import { divide, multiply, tanh } from '../../graph/ops/elementwise.ts'
import { gatherElements } from '../../graph/ops/gather.ts'
import { matMul } from '../../graph/ops/matmul.ts'
import { logSoftmax } from '../../graph/ops/reduction.ts'
import type { Value } from '../../graph/value.ts'
import type { DecoderConfig } from './decoder-config.ts'
import { DecoderScope } from './decoder-scope.ts'
import { linear } from './linear.ts'
import type { ChooseForm } from './linear-form.ts'
import type { DecoderGraph } from './weight-recipe.ts'

/** Options of `buildHeadGraph`. */
export interface HeadGraphOptions {
  readonly choose: ChooseForm
  /** Rotate the hidden states first, for int8 activations. Defaults to false. */
  readonly rotated?: boolean
}

/**
 * Inputs: `hidden` `[R, E]` (after the final norm), `targets` int64 `[R, 1]`. Outputs: `logprobs` of the targets `[R, 1]`, and
 * `logits` `[R, V]`.
 */
export function buildHeadGraph(config: DecoderConfig, options: HeadGraphOptions): DecoderGraph {
  const graph = new Graph(`${config.modelType} head`)
  const scope = new DecoderScope(graph, config, { choose: options.choose, rotated: options.rotated ?? false })
  const hidden = graph.input('hidden', 'float32', ['R', config.hiddenSize])
  const logits = headLogits(scope, scope.rotated ? matMul(hidden, scope.rotation()) : hidden)
  const targets = graph.input('targets', 'int64', ['R', 1])
  graph.output('logits', logits)
  graph.output('logprobs', gatherElements(logSoftmax(logits), targets, { axis: 1 }))
  return { graph, recipes: scope.recipes }
}

/** Logits of hidden states after the final norm (rotated, where the scope is). */
export function headLogits(scope: DecoderScope, hidden: Value): Value {
  const { config } = scope
  const name = config.tiedHead ? 'model.embed_tokens' : 'lm_head'
  const parts = [{ name, rows: config.vocabularySize, bias: false }]
  const [logits] = linear(scope, hidden, { role: 'head', columns: config.hiddenSize, parts, rotate: 'columns' })
  const cap = config.finalSoftcap
  return cap ? multiply(tanh(divide(logits!, cap)), cap) : logits!
}
