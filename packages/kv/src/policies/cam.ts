import type { CacheAction, CacheEvent, CachePolicy, CacheTrigger, PolicyModel, PolicyRun, SlotMerge } from '@lc/core'
import type { JsonValue } from '@lc/model'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { spreadFactor } from '../mergers/value-spread.ts'
import { hash } from '../policy/hash.ts'
import { ReceivedAttention } from '../policy/received-attention.ts'
import {
  type MergeContext,
  type PolicyParts,
  type ScoredPolicy,
  type SelectContext,
  scoredPolicy,
} from '../policy/scored-policy.ts'
import { topSlots } from '../selectors/top-slots.ts'

/** Options of `cam`. */
export interface CamOptions {
  /** The policy that decides which slots go; one that acts while generating. */
  readonly base: ScoredPolicy
  /** Next slots that take a value in. Defaults to 16. */
  readonly targets?: number
  /** `'expected'` (default) adds the mean of what is drawn with `'drawn'`, as published; draws repeat with the session's seed. */
  readonly spread?: 'expected' | 'drawn'
  /** `'kvpress'` keeps the same slots in all heads of a layer, those of the highest mean score. */
  readonly variant?: 'kvpress'
}

/** The defaults of `cam`. */
export const camDefaults = Object.freeze({ targets: 16, spread: 'expected' } as const)

/** The id of the attention that values are spread by. */
const attention = 'cam'

/**
 * CaM: a slot that goes while generating leaves its value to the next ones that stay, the likelier the more attention it drew from
 * generated tokens, compared with them. Keys stay. At the end of a prompt slots go without a trace, as in NVIDIA/kvpress (CAMPress):
 * thousands of values added to the same few slots would drown theirs.
 *
 * Zhang et al., "CaM: Cache Merging for Memory-efficient LLMs Inference" (ICML 2024); zyxxmu/cam, whose streaming code is followed: 16
 * targets, attention summed over generated tokens. Its other two programs take the newest token's attention alone, or the maximum. kvpress
 * has 32 targets.
 */
export function cam(options: CamOptions): CachePolicy {
  const targets = checkInteger(options.targets ?? camDefaults.targets, 'targets', { min: 1 })
  const spread = checkOneOf(options.spread ?? camDefaults.spread, 'spread', ['expected', 'drawn'])
  if (options.variant !== undefined) checkOneOf(options.variant, 'variant', ['kvpress'])
  const { parts: base } = options.base
  const parts = {
    ...base,
    ...(options.variant === 'kvpress' && { select: selectTogether }),
    id: `cam(${base.id})`,
    needs: (model: PolicyModel) => [
      ...(base.needs?.(model) ?? []),
      { kind: 'attention-columns', id: attention, queries: { last: 1 }, rows: 'sum', heads: 'group-mean' } as const,
    ],
  }
  const start: CachePolicy['start'] = (model, session) => {
    const { seed, ...known } = stateOf(session.state)
    const state = seed ?? Math.floor(session.random() * 2 ** 32)
    return runOf(parts, model, { targets, spread, ...session, state }, known)
  }
  // what it is made of is not shown: a wrapper could not take the attention along
  return { id: parts.id, triggers: parts.triggers.map(everyStep), needs: parts.needs, start }
}

interface Spreading {
  readonly targets: number
  readonly spread: 'expected' | 'drawn'
  readonly random: () => number
  /** The seed. */
  readonly state: number
}

/** The policy of one session: it looks at every generated token, and acts as often as the base does. */
function runOf(
  parts: PolicyParts,
  model: PolicyModel,
  spreading: Spreading,
  known: { readonly steps: number; readonly received: ReceivedAttention },
): PolicyRun {
  const { received } = known
  let { steps } = known
  const merge = (context: MergeContext) =>
    context.event.trigger === 'step' ? spreadValues(context, received.of(context.layer, context.head), spreading) : []
  const run = scoredPolicy({ ...parts, merge }).start(model, spreading)
  const every = parts.triggers.find((trigger) => trigger.on === 'step')?.every ?? 1
  return {
    act: (event: CacheEvent) => {
      if (event.trigger !== 'step') return run.act(event)
      received.add(event, attention)
      steps++
      return steps % every === 0 ? run.act(event) : []
    },
    fork: () => runOf(parts, model, spreading, { steps, received: received.copy() }),
    save: () => ({ seed: spreading.state, steps, received: received.save() }),
  }
}

function stateOf(state: JsonValue | undefined): { seed?: number; steps: number; received: ReceivedAttention } {
  if (typeof state !== 'object' || state === null || Array.isArray(state))
    return { steps: 0, received: new ReceivedAttention() }
  const { seed, steps, received } = state
  return {
    ...(typeof seed === 'number' && { seed }),
    steps: typeof steps === 'number' ? steps : 0,
    received: ReceivedAttention.restored(received),
  }
}

function everyStep(trigger: CacheTrigger): CacheTrigger {
  return trigger.on === 'step' ? { on: 'step', every: 1 } : trigger
}

/** The best slots of a layer by the mean of its heads. */
function selectTogether({ scores, counts }: SelectContext): readonly Uint32Array[] {
  const mean = scores[0]!.map((_, slot) => scores.reduce((sum, head) => sum + head[slot]!, 0) / scores.length)
  const slots = topSlots(mean, counts[0]!)
  return scores.map(() => slots)
}

function spreadValues(
  { event, layer, head, kept, evicted }: MergeContext,
  received: Float32Array,
  { targets, spread, state }: Spreading,
): CacheAction[] {
  const positions = event.cache.positionsOf(layer, head)
  const merges: SlotMerge[] = []
  for (const slot of evicted) {
    const first = kept.findIndex((other) => other > slot)
    const next = first < 0 ? kept.subarray(0, 0) : kept.subarray(first, first + targets)
    const drawn = () => hash(state, layer, head, positions[slot]!) / 2 ** 32
    const random = spread === 'expected' ? spread : drawn
    const valueWeight = spreadFactor({ attention: received, evicted: slot, targets: next, random })
    if (valueWeight > 0) for (const target of next) merges.push({ source: slot, target, keyWeight: 0, valueWeight })
  }
  return merges.length === 0 ? [] : [{ type: 'merge', layer, head, merges, normalise: false }]
}
