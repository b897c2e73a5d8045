import type { CacheAction, CacheEvent, CachePolicy, DecoderConfig } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import { checkArgument, checkInteger } from '@lc/model/check'
import { type ConvolutionWeights, convolveSlots } from '../mergers/convolved-slots.ts'
import { readSlots } from '../policy/budget.ts'
import { keysOf, perHead, valuesOf } from '../policy/head-rows.ts'

/** Options of `loCoCo`. */
export interface LoCoCoOptions {
  /** Slots of each head, m: those that stay as they are and the merged ones. */
  readonly budget: number
  /** Learned weights by layer, all for the same number of merged slots. */
  readonly weights: readonly ConvolutionWeights[]
  /** Last slots that stay as they are. Defaults to 16. */
  readonly window?: number
}

/** The defaults of `loCoCo`. */
export const loCoCoDefaults = Object.freeze({ window: 16 } as const)

/** Slots beyond the budget before the cache is compressed. */
const slack = 16
/** Queries whose attention scores slots: a block. */
const blockTokens = 512
const attention = 'lo-co-co'

/**
 * LoCoCo: slots that drew little attention from the last block are mixed into a few by a learned convolution, block by block while a prompt
 * is read, so that its memory is bounded. Weights are the caller's: none were published, and trained ones were not tried here.
 *
 * Query heads of a key/value head count by the sum of their attention; published code is for one key/value head per query head.
 *
 * Cai et al., "LoCoCo: Dropping In Convolutions for Long Context Compression" (ICML 2024), section 3; VITA-Group/LoCoCo,
 * memory_compressor.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError for a budget that the window and the merged slots
 *   fill; PolicyPlanError when a session begins for weights of another model
 */
export function loCoCo(options: LoCoCoOptions): CachePolicy {
  const window = checkInteger(options.window ?? loCoCoDefaults.window, 'window', { min: 0 })
  const { weights } = options
  checkArgument(weights?.length > 0, 'weights', weights, 'learned weights by layer')
  const merged = weights[0]!.bias.length
  checkArgument(
    weights.every((own) => own.bias.length === merged),
    'weights',
    weights.map((own) => own.bias.length),
    'weights for one number of merged slots',
  )
  const budget = readSlots(options.budget, window + merged + 1)
  const sizes = { budget, heavy: budget - merged, window }
  return {
    id: 'lo-co-co',
    triggers: [{ on: 'prefill-chunk' }, { on: 'prefill-end' }],
    needs: ({ config }) => {
      checkWeights(config, weights)
      return [
        { kind: 'attention-columns', id: attention, queries: { last: blockTokens }, rows: 'sum', heads: 'group-sum' },
      ]
    },
    start: () => ({ act: (event) => compress(event, weights, sizes) }),
  }
}

function compress(
  event: CacheEvent,
  weights: readonly ConvolutionWeights[],
  { budget, heavy, window }: { budget: number; heavy: number; window: number },
): CacheAction[] {
  const { cache, observations } = event
  if (cache.length <= budget + slack) return []
  const writes: CacheAction[] = []
  const slots = perHead(cache, (layer, head) => {
    const { rows: keys, headDim } = keysOf(cache, layer, head)
    const { rows: values } = valuesOf(cache, layer, head)
    const scores = observations.columns(attention, layer)[head]!.subarray(0, cache.lengthOf(layer, head))
    const { kept, written } = convolveSlots({ headDim, keys, values, scores }, weights[layer]!, { heavy, window })
    for (const own of written) writes.push({ type: 'write', layer, head, ...own })
    return kept
  })
  return [...writes, { type: 'keep', choice: { scope: 'head', slots } }]
}

function checkWeights({ layers, headDim }: DecoderConfig, weights: readonly ConvolutionWeights[]): void {
  const taps = (own: ConvolutionWeights): number => own.weight.length / (own.bias.length * 2 * headDim)
  const fits = weights.length === layers.length && weights.every((own) => taps(own) % 2 === 1)
  const missing = `weights of ${layers.length} layers, [M, ${2 * headDim}, taps] with an odd number of taps`
  if (!fits) throw new PolicyPlanError({ policy: 'lo-co-co', missing })
}
