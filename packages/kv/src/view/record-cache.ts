/** @file Looks over a policy's shoulder: which token each slot holds, what was scored, how memory went. */
import type { CacheEvent, CachePolicy, CacheTrigger, KvCache, ObservationRequest, PolicyRun } from '@lc/core'
import { meanLength } from '../policy/head-rows.ts'
import { type ScoredPolicy, type SlotScores, scoredPolicy } from '../policy/scored-policy.ts'
import { TokenNumbers } from './token-numbers.ts'

/** The cache at one moment. */
export interface MemoryMoment {
  /** Tokens that went in so far. */
  readonly tokens: number
  /** Mean slots per layer and key/value head. */
  readonly slots: number
  readonly allocatedBytes: number
}

/** What was seen of one session. Forks of it are not recorded. */
export interface CacheRecording {
  /** Scores that the policy gave tokens while it read prompts; none where it scores nothing or never had to. */
  readonly scores: TokenNumbers
  /** Mean attention that tokens got from the last queries of the prompt, before anything went. */
  readonly attention: TokenNumbers
  readonly memory: readonly MemoryMoment[]
  /** Numbers the slots that came since it was last asked, and gives how many tokens went in. */
  numberSlots(cache: KvCache): number
}

/** The name of the numbers that say which token (from 1) a slot holds. They follow slots through every action. */
export const tokenChannel = 'view.token'

const attentionId = 'view.attention'
const ownTriggers: readonly CacheTrigger[] = [{ on: 'prefill-chunk' }, { on: 'prefill-end' }, { on: 'step' }]
const attention: ObservationRequest = {
  kind: 'attention-columns',
  id: attentionId,
  queries: { last: 32 },
  rows: 'mean',
  heads: 'group-mean',
}

/** The same policy, and what is seen of it in a session. Give it to one session, then draw that with `cachePage`. */
export function recordCache(policy: CachePolicy): { policy: CachePolicy; recording: CacheRecording } {
  const recorder = new Recorder()
  const watched = isScored(policy) ? withScores(policy, recorder) : policy
  return {
    recording: recorder,
    policy: {
      ...watched,
      triggers: [...watched.triggers.filter(({ on }) => on !== 'step'), ...ownTriggers],
      needs: (model) => [...watched.needs(model), attention],
      start: (model, options) => recordedRun(watched, watched.start(model, options), recorder),
    },
  }
}

function isScored(policy: CachePolicy): policy is ScoredPolicy {
  return 'parts' in policy
}

function withScores({ parts }: ScoredPolicy, recorder: Recorder): CachePolicy {
  const score = async (context: Parameters<typeof parts.score>[0]): Promise<SlotScores | undefined> => {
    const scores = await parts.score(context)
    if (scores && context.event.trigger !== 'step') recorder.takeScores(context.event.cache, scores)
    return scores
  }
  return scoredPolicy({ ...parts, score })
}

function recordedRun(policy: CachePolicy, run: PolicyRun, recorder: Recorder): PolicyRun {
  let steps = 0
  return {
    ...(run.save && { save: () => run.save!() }),
    fork: () => run.fork?.() ?? run,
    act: async (event) => {
      if (event.trigger === 'step') steps++
      recorder.takeEvent(event)
      const due = policy.triggers.some((trigger) => isDue(trigger, event, steps))
      return due ? await run.act(event) : []
    },
  }
}

/** Whether the policy itself would have been asked. */
function isDue(trigger: CacheTrigger, event: CacheEvent, steps: number): boolean {
  if (trigger.on !== event.trigger) return false
  if (trigger.on === 'overflow') return event.cache.length + event.count > trigger.limit
  return trigger.on !== 'step' || steps % (trigger.every ?? 1) === 0
}

class Recorder implements CacheRecording {
  readonly scores = new TokenNumbers()
  readonly attention = new TokenNumbers()
  readonly memory: MemoryMoment[] = []
  #tokens = 0

  numberSlots(cache: KvCache): number {
    const { layers, kvHeads } = cache.shape
    let arrived = 0
    for (let layer = 0; layer < layers; layer++)
      for (let head = 0; head < kvHeads; head++) {
        const numbers = cache.channel(tokenChannel, layer, head)
        let first = cache.lengthOf(layer, head)
        while (first > 0 && numbers[first - 1] === 0) first--
        arrived = cache.lengthOf(layer, head) - first
        for (let index = 0; index < arrived; index++) numbers[first + index] = this.#tokens + index + 1
      }
    this.#tokens += arrived
    return this.#tokens
  }

  takeEvent({ trigger, cache, observations }: CacheEvent): void {
    const tokens = this.numberSlots(cache)
    this.memory.push({ tokens, slots: meanLength(cache), allocatedBytes: cache.bytes })
    if (trigger !== 'prefill-end') return
    for (let layer = 0; layer < cache.shape.layers; layer++)
      for (const [head, column] of observations.columns(attentionId, layer).entries())
        this.attention.take(cache.channel(tokenChannel, layer, head), column, { cache, layer, head })
  }

  takeScores(cache: KvCache, scores: SlotScores): void {
    for (const [layer, heads] of scores.entries())
      for (const [head, column] of heads.entries())
        this.scores.take(cache.channel(tokenChannel, layer, head), column, { cache, layer, head })
  }
}
