import type { CacheAction, SlotMerge } from '@lc/core'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { spreadFactor } from '../mergers/value-spread.ts'
import { hash } from '../policy/hash.ts'
import { type MergeContext, type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'

/** Options of `cam`. */
export interface CamOptions {
  /** The policy that decides which slots go; one that acts while generating. */
  readonly base: ScoredPolicy
  /** Next slots that take a value in. Defaults to 16. */
  readonly targets?: number
  /** `'expected'` (default) adds the mean of what is drawn with `'drawn'`, as published; draws repeat with the session's seed. */
  readonly spread?: 'expected' | 'drawn'
}

/** The defaults of `cam`. */
export const camDefaults = Object.freeze({ targets: 16, spread: 'expected' } as const)

/** The id of the attention that values are spread by. */
const attention = 'cam'

/**
 * CaM: a slot that goes while generating leaves its value to the next ones that stay, the likelier the more attention it drew
 * compared with them. Keys stay. At the end of a prompt slots go without a trace, as in NVIDIA/kvpress (CAMPress): thousands
 * of values added to the same few slots would drown theirs.
 *
 * Zhang et al., "CaM: Cache Merging for Memory-efficient LLMs Inference" (ICML 2024); zyxxmu/cam.
 */
export function cam(options: CamOptions): ScoredPolicy {
  const targets = checkInteger(options.targets ?? camDefaults.targets, 'targets', { min: 1 })
  const spread = checkOneOf(options.spread ?? camDefaults.spread, 'spread', ['expected', 'drawn'])
  const { parts } = options.base
  return scoredPolicy({
    ...parts,
    id: `cam(${parts.id})`,
    needs: (model) => [
      ...(parts.needs?.(model) ?? []),
      { kind: 'attention-columns', id: attention, queries: 'all', rows: 'sum', heads: 'group-mean' },
    ],
    merge: (context) => (context.event.trigger === 'step' ? spreadValues(context, targets, spread) : []),
  })
}

function spreadValues(
  { event, layer, head, kept, evicted, seed }: MergeContext,
  targets: number,
  spread: 'expected' | 'drawn',
): CacheAction[] {
  const columns = event.observations.columns(attention, layer)[head]!
  const positions = event.cache.positionsOf(layer, head)
  const merges: SlotMerge[] = []
  for (const slot of evicted) {
    const first = kept.findIndex((other) => other > slot)
    const next = first < 0 ? kept.subarray(0, 0) : kept.subarray(first, first + targets)
    const drawn = () => hash(seed, layer, head, positions[slot]!) / 2 ** 32
    const random = spread === 'expected' ? spread : drawn
    const valueWeight = spreadFactor({ attention: columns, evicted: slot, targets: next, random })
    if (valueWeight > 0) for (const target of next) merges.push({ source: slot, target, keyWeight: 0, valueWeight })
  }
  return merges.length === 0 ? [] : [{ type: 'merge', layer, head, merges, normalise: false }]
}
