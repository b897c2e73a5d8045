import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import type { Value } from '@lc/core/graph'
import { plainAttention } from '@lc/core/models'
import type { HostTensor } from '@lc/core/runtime'
import { checkInteger } from '@lc/model/check'
import { readSlots } from '../policy/budget.ts'
import { visibleSlots } from './a-shape.ts'
import { checkLayers } from './check-layers.ts'
import { integers } from './host-inputs.ts'
import { slotAttention } from './joined-attention.ts'
import { gatherAlike } from './page-views.ts'
import { prefillPattern } from './prefill-attention.ts'

/** Options of `longGen`. */
export interface LongGenOptions {
  /** Tokens that a token sees in sparse layers: the first `sink` and the last, its own included. */
  readonly budget: number
  /** Defaults to 4. */
  readonly sink?: number
  /** Layers with full attention. Defaults to the middle third. */
  readonly fullLayers?: readonly number[]
}

/** The defaults of `longGen`. */
export const longGenDefaults = Object.freeze({ sink: 4 } as const)

/**
 * Hybrid layers: full attention in some layers, the first tokens and a window in the others, for prompts and steps alike. The
 * middle third is where LongGen puts its full layers; its models are trained with this pattern, and other models lose by it.
 *
 * Ge et al., "A Little Goes a Long Way: Efficient Long Context Training and Inference with Partial Contexts" (2024), arXiv 2410.01485.
 * Sizes of its windows are not known here; its strided blocks are not built.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError for a budget that the first tokens fill
 */
export function longGen(options: LongGenOptions): AttentionPattern {
  const sink = checkInteger(options.sink ?? longGenDefaults.sink, 'sink', { min: 0 })
  const window = readSlots(options.budget, sink + 1) - sink
  const { fullLayers } = options
  if (fullLayers) checkLayers(fullLayers, 'fullLayers')
  const sparse = (layer: number, layers: number): boolean =>
    fullLayers ? !fullLayers.includes(layer) : layer < Math.floor(layers / 3) || layer >= Math.ceil((2 * layers) / 3)
  const prompts = prefillPattern({ id: '', ...visibleSlots({ sink, window }), sparse })
  const narrow = (context: PatternFeedContext): boolean =>
    context.mode === 'step' && evenHeads(context) && context.length(0, 0) >= sink + window
  return {
    id: `long-gen(${sink}, ${window}, ${fullLayers?.join() ?? 'middle'})`,
    prefill: 'fused',
    variant: (context) => (narrow(context) ? 'narrow' : prompts.variant!(context)),
    build: (site) => {
      if (site.mode === 'fused') return prompts.build!(site)
      return site.variant === 'narrow' && sparse(site.layer, site.config.layers.length)
        ? narrowStep(site)
        : plainAttention(site)
    },
    feed: (context) => (narrow(context) ? feedStep(context, { sink, window, sparse }) : prompts.feed!(context)),
  }
}

function narrowStep(site: AttentionSite): Value {
  return slotAttention(site, gatherAlike(site, site.input('seenSlots', 'int64', [`seen${site.layer}`])))
}

function feedStep(
  context: PatternFeedContext,
  { sink, window, sparse }: { sink: number; window: number; sparse: (layer: number, layers: number) => boolean },
): Record<string, HostTensor> {
  const length = context.length(0, 0)
  const first = Math.max(sink, length - window + 1)
  const seen = integers(Array.from({ length: sink + length - first }, (_, at) => (at < sink ? at : first + at - sink)))
  const layers = context.config.layers.length
  const feeds: Record<string, HostTensor> = {}
  for (let layer = 0; layer < layers; layer++) if (sparse(layer, layers)) feeds[`seenSlots.${layer}`] = seen
  return feeds
}

/** Policies may leave heads of different lengths: then a step reads what they left. */
function evenHeads({ config, length }: PatternFeedContext): boolean {
  const heads = Array.from({ length: config.kvHeads }, (_, head) => head)
  return config.layers.every((_, layer) => heads.every((head) => length(layer, head) === length(0, 0)))
}
