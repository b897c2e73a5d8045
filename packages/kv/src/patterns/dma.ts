import type { AttentionPattern, AttentionSite, DecoderConfig, PatternFeedContext } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import {
  add,
  addDimensions,
  cast,
  concat,
  equal,
  fusedMatMul,
  greater,
  multiply,
  reduceMax,
  reshape,
  scatterElements,
  softplus,
  topK,
  transpose,
  unsqueeze,
  type Value,
  where,
} from '@lc/core/graph'
import type { HostTensor } from '@lc/core/runtime'
import type { WeightSource } from '@lc/core/weights'
import type { CallOptions } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import { readSlots } from '../policy/budget.ts'
import { CacheMemory } from './cache-memory.ts'
import { floats, integers } from './host-inputs.ts'
import { joinedAttention, joinedWeights, scoresOf } from './joined-attention.ts'
import { readLayers } from './layer-weights.ts'
import { joinHeads, newRows, openMix, openScores } from './open-attention.ts'
import { feedPageViews, gatherPages, pageViews, sizeOf } from './page-views.ts'
import { hidden } from './score-marks.ts'
import { type KeyBiasWeights, TokenBiases } from './token-biases.ts'
import { ValueRows } from './value-rows.ts'

/** Options of `dma`. */
export interface DmaOptions {
  /** Tokens that a token sees of each key/value head; 2,048 in the published models. */
  readonly budget: number
  /** By layer, as `readKeyBiasWeights` reads them. */
  readonly weights: readonly KeyBiasWeights[]
}

/**
 * DMA (dynamic mask attention): each key has a learned bias that is computed from the values of its token; a token sees the keys up to
 * itself with the largest biases, which are added to the scores too. A token whose own bias is small does not see itself. For models that
 * were trained with it; trained weights were not tried here. Steps choose as prompts do; prompts are computed with masks, and save no
 * time.
 *
 * The bias is A * softplus(V): the paper has an exponential around it, which the published code leaves out. Its masks by blocks and by
 * signs are not built. Queries and keys of its models have norms, which are part of the model.
 *
 * Shi et al., "Trainable Dynamic Mask Sparse Attention" (2025), section 3; SmallDoges/flash-dmattn, modeling_doge and topk_mask.
 *
 * @throws InvalidArgumentError for options that are out of range; PolicyPlanError at the first run for weights of another model, and
 *   after a policy evicted
 */
export function dma(options: DmaOptions): AttentionPattern {
  const budget = readSlots(options.budget, 1)
  const { weights } = options
  checkArgument(Array.isArray(weights) && weights.every(isWeights) && weights.length > 0, 'weights', weights, allowed)
  const id = `dma(${budget})`
  const memory = new CacheMemory(id, (context) => {
    checkModel(context.config, weights, id)
    return weights.map((own, layer) => ({
      biases: new TokenBiases(layer, own),
      rows: new ValueRows(context, layer),
      weights: own,
    }))
  })
  return {
    id,
    prefill: 'open',
    build: (site) => (site.mode === 'step' ? biasedStep(site) : biasedChunk(site)),
    feed: (context) => {
      const feeds: Record<string, HostTensor> = {}
      for (const [layer, kept] of memory.ofWhole(context).entries())
        feedLayer(feeds, context, { layer, budget, ...kept })
      return feeds
    },
  }
}

const allowed = '{ weight, scale, bias? } as Float32Arrays for each layer'

/**
 * The weights of a checkpoint: its tensors `dt_proj.weight`, `dt_proj.bias` and `A` of `model.layers.<l>.self_attn`.
 *
 * @throws InvalidArgumentError where there are none
 */
export async function readKeyBiasWeights(
  weights: WeightSource,
  { signal }: CallOptions = {},
): Promise<readonly KeyBiasWeights[]> {
  return await readLayers(weights, 'dt_proj.weight', async (prefix) => ({
    weight: await weights.float32(`${prefix}.dt_proj.weight`, signal),
    scale: await weights.float32(`${prefix}.A`, signal),
    ...(weights.info(`${prefix}.dt_proj.bias`) && { bias: await weights.float32(`${prefix}.dt_proj.bias`, signal) }),
  }))
}

/** The biases of the cached tokens, `[G, C]`, and of the new ones, `[G, T]`. */
function biasesOf(site: AttentionSite, tokens: Value['shape'][number]): { past: Value; own: Value } {
  const { kvHeads, headDim } = site.config
  const weight = site.input('biasWeight', 'float32', [kvHeads, kvHeads * headDim])
  const offset = site.input('biasOffset', 'float32', [kvHeads])
  const scale = site.input('biasScale', 'float32', [kvHeads])
  const values = reshape(site.value, [tokens, kvHeads * headDim])
  const raw = add(fusedMatMul(values, weight, { transposeB: true }), offset)
  const own = transpose(multiply(softplus(raw), scale), [1, 0])
  return { past: site.input('keyBias', 'float32', [kvHeads, site.pastKey.shape[1]!]), own }
}

function biasedChunk(site: AttentionSite): Value {
  const { kvHeads } = site.config
  const rows = newRows(site)
  const tokens = rows.keys.shape[1]!
  const places = addDimensions(site.pastKey.shape[1]!, tokens)
  const { past, own } = biasesOf(site, tokens)
  const biases = unsqueeze(concat([past, own]), [1])
  const visible = add(biases, reshape(site.bias!, [kvHeads, tokens, places]))
  const chosen = topK(visible, site.input('tokenCount', 'int64', [1]), { sorted: false, count: `chosen${site.layer}` })
  site.output('slots', chosen.indices)
  const none = add(multiply(visible, 0), hidden)
  const others = scatterElements(none, chosen.indices, multiply(chosen.values, 0))
  return joinHeads(site, openMix(openScores(site, rows), unsqueeze(add(others, biases), [1])))
}

function biasedStep(site: AttentionSite): Value {
  const { config, pastKey } = site
  const { kvHeads } = config
  const slots = pastKey.shape[1]!
  const { past, own } = biasesOf(site, 1)
  const all = concat([add(past, reshape(site.bias!, [kvHeads, slots])), own])
  const chosen = topK(all, site.input('tokenCount', 'int64', [1]), { sorted: false, count: `chosen${site.layer}` })
  site.output('slots', chosen.indices)
  // the new token stands behind all room of the cache: its row there is hidden, it comes besides
  const { keys, values, bias } = gatherPages(site, pageViews(site, 1), chosen.indices, true)
  const scores = scoresOf(site, keys, add(bias, unsqueeze(chosen.values, [1])))
  const isOwn = cast(equal(chosen.indices, sizeOf(pastKey, 1)), 'float32')
  const seen = greater(reduceMax(isOwn, { axes: [1], keepDims: true }), 0.5)
  const weights = joinedWeights(site, [scores], unsqueeze(where(seen, own, hidden), [2]))
  return joinedAttention(site, [{ scores, values }], weights)
}

function feedLayer(
  feeds: Record<string, HostTensor>,
  context: PatternFeedContext,
  from: {
    readonly layer: number
    readonly budget: number
    readonly biases: TokenBiases
    readonly rows: ValueRows
    readonly weights: KeyBiasWeights
  },
): void {
  const { layer, budget, biases, rows, weights } = from
  const { config, mode, position, tokens } = context
  const { kvHeads, headDim } = config
  const data = biases.update(context)
  feeds[`keyBias.${layer}`] = floats([kvHeads, data.length / kvHeads], data)
  feeds[`biasWeight.${layer}`] = floats([kvHeads, kvHeads * headDim], weights.weight)
  feeds[`biasOffset.${layer}`] = floats([kvHeads], weights.bias ?? new Float32Array(kvHeads))
  feeds[`biasScale.${layer}`] = floats([kvHeads], weights.scale)
  feeds[`tokenCount.${layer}`] = integers([Math.min(budget, position + tokens)])
  if (mode === 'step') feedPageViews(feeds, context, { layer, pageSize: 1, values: rows })
  else rows.cut(context)
}

function isWeights(own: KeyBiasWeights): boolean {
  return [own?.weight, own?.scale, own?.bias ?? own?.scale].every((part) => part instanceof Float32Array)
}

function checkModel({ layers, kvHeads, headDim }: DecoderConfig, weights: readonly KeyBiasWeights[], id: string): void {
  const fits = ({ weight, scale, bias = scale }: KeyBiasWeights): boolean =>
    weight.length === kvHeads * kvHeads * headDim && scale.length === kvHeads && bias.length === kvHeads
  const missing = `weights for ${layers.length} layers with ${kvHeads} heads of ${headDim} channels`
  if (weights.length !== layers.length || !weights.every(fits)) throw new PolicyPlanError({ policy: id, missing })
}
