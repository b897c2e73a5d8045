/** @file Learned gates of attention branches, as NSA and SSA have them. */
import type { AttentionSite, DecoderConfig } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import { fusedMatMul, reshape, sigmoid, slice, transpose, type Value } from '@lc/core/graph'
import type { HostTensor } from '@lc/core/runtime'
import type { WeightSource } from '@lc/core/weights'
import type { CallOptions } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import { readLayers } from './layer-weights.ts'

/**
 * Gates by layer: the weights of a linear layer from the normed stream, `[3 * H, hiddenSize]` row-major, without a bias. The three rows of
 * a query head follow each other: compressed, selected, window.
 */
export type BranchGates = readonly Float32Array[]

/** A branch by the place of its gate. */
const branchOrder = Object.freeze({ compressed: 0, selected: 1, window: 2 } as const)

/** Checks gates as far as they can be checked without a model. */
export function checkGates(gates: BranchGates): BranchGates {
  const fits = Array.isArray(gates) && gates.length > 0 && gates.every((own) => own instanceof Float32Array)
  checkArgument(fits, 'gates', gates, 'a Float32Array [3 * heads, hiddenSize] for each layer')
  return gates
}

/**
 * The gates of a checkpoint: its tensors `model.layers.<l>.self_attn.g_proj.weight`, for `nsa` and `ssa`.
 *
 * @throws InvalidArgumentError where there are none
 */
export async function readBranchGates(weights: WeightSource, options: CallOptions = {}): Promise<BranchGates> {
  const name = 'g_proj.weight'
  return await readLayers(weights, name, (prefix) => weights.float32(`${prefix}.${name}`, options.signal))
}

/** The gates of the tokens of a run after their sigmoid, `[G, H/G, T, 3]`. */
export function gateValues(site: AttentionSite, tokens: Value['shape'][number]): Value {
  const { heads, kvHeads, hiddenSize } = site.config
  const weights = site.input('branchGates', 'float32', [3 * heads, hiddenSize])
  const product = fusedMatMul(reshape(site.hidden, [tokens, hiddenSize]), weights, { transposeB: true })
  return transpose(sigmoid(reshape(product, [tokens, kvHeads, heads / kvHeads, 3])), [1, 2, 0, 3])
}

/** The gate of one branch, `[G, H/G, T, 1]`. */
export function gateOf(gates: Value, branch: keyof typeof branchOrder): Value {
  const start = branchOrder[branch]
  return slice(gates, { axis: 3, start, end: start + 1 })
}

/** The input of `gateValues`. @throws PolicyPlanError for gates of another model */
export function feedGates(
  config: DecoderConfig,
  layer: number,
  { gates, pattern }: { readonly gates: BranchGates; readonly pattern: string },
): Record<string, HostTensor> {
  const { heads, hiddenSize, layers } = config
  const size = 3 * heads * hiddenSize
  if (gates.length !== layers.length || gates.some((own) => own.length !== size))
    throw new PolicyPlanError({
      policy: pattern,
      missing: `gates for ${layers.length} layers, [${3 * heads}, ${hiddenSize}] each`,
    })
  return { [`branchGates.${layer}`]: { dtype: 'float32', shape: [3 * heads, hiddenSize], data: gates[layer]! } }
}
