import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import { addDimensions, expand, unsqueeze } from '@lc/core/graph'
import type { HostTensor } from '@lc/core/runtime'
import { checkInteger } from '@lc/model/check'
import { readSlots } from '../policy/budget.ts'
import { floats, integers } from './host-inputs.ts'
import { cachedSlots, type PrefillChoice, prefillPattern } from './prefill-attention.ts'
import { hidden } from './score-marks.ts'

/** Options of `aShape`. */
export interface AShapeOptions {
  /** Tokens that each token of a prompt sees: the first `sink` and the last, its own included. */
  readonly budget: number
  /** Defaults to 100. */
  readonly sink?: number
}

/** The defaults of `aShape`. */
export const aShapeDefaults = Object.freeze({ sink: 100 } as const)

/**
 * A-shape prompts: each token sees the first tokens and a window before it. Steps see everything.
 *
 * Jiang et al., "MInference 1.0" (NeurIPS 2024), section 3.1; microsoft/MInference, whose search tries 100 first and 800 last tokens.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError for a budget that the first tokens fill
 */
export function aShape(options: AShapeOptions): AttentionPattern {
  const sink = checkInteger(options.sink ?? aShapeDefaults.sink, 'sink', { min: 0 })
  const window = readSlots(options.budget, sink + 1) - sink
  return prefillPattern({ id: `a-shape(${sink}, ${window})`, ...visibleSlots({ sink, window }) })
}

/** The first and last slots, as a choice for prompts. */
export function visibleSlots(sizes: { sink: number; window: number }): Omit<PrefillChoice, 'id'> {
  const slotsFor = (context: PatternFeedContext) => readableSlots(cachedSlots(context), sizes)
  return {
    choose: (site) => declare(site),
    count: (context) =>
      cachedSlots(context) + context.tokens > sizes.sink + sizes.window ? slotsFor(context).length : undefined,
    feed: (context, layer) => {
      const slots = slotsFor(context)
      return { [`chunkSlots.${layer}`]: integers(slots), [`chunkBias.${layer}`]: windowBias(context, slots, sizes) }
    },
  }
}

function declare(site: AttentionSite): ReturnType<PrefillChoice['choose']> {
  const count = `chunkSlots${site.layer}`
  const slots = site.input('chunkSlots', 'int64', [count])
  const tokens = site.query.shape[1]!
  return {
    slots: expand(unsqueeze(slots, [0]), [site.config.kvHeads, count]),
    bias: site.input('chunkBias', 'float32', [1, 1, tokens, addDimensions(count, tokens)]),
  }
}

/** Slots that any token after `cached` ones sees; the first slot where that is none. */
function readableSlots(cached: number, { sink, window }: { sink: number; window: number }): number[] {
  const first = Math.max(0, cached - window + 1)
  const slots = Array.from({ length: Math.min(sink, first) }, (_, slot) => slot)
  for (let slot = first; slot < cached; slot++) slots.push(slot)
  return slots.length > 0 ? slots : [0]
}

function windowBias(
  context: PatternFeedContext,
  slots: readonly number[],
  { sink, window }: { sink: number; window: number },
): HostTensor {
  const { tokens } = context
  const cached = cachedSlots(context)
  const width = slots.length + tokens
  const data = new Float32Array(tokens * width)
  for (let token = 0; token < tokens; token++) {
    const query = cached + token
    for (let column = 0; column < width; column++) {
      const key = column < slots.length ? slots[column]! : cached + column - slots.length
      const there = column >= slots.length || key < cached
      if (!there || (key >= sink && query - key >= window)) data[token * width + column] = hidden
    }
  }
  return floats([1, 1, tokens, width], data)
}
