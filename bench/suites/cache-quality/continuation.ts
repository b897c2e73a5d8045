/** @file Quality without labels: a prompt is read, the cache cut once, and the true text goes on. */
import type { CacheSession, LocalModel } from '@lc/core'
import type { TokenisedText } from '../../runner/long-texts.ts'
import { summarise } from '../../runner/statistics.ts'
import { askEveryPolicy, type Decision } from './ask-every-policy.ts'
import { compareLogits, type LogitDistance, type ReferenceLogits, referenceLogits } from './compare-logits.ts'
import type { Contender } from './contenders.ts'

/** What one policy made of one text. */
export interface ContinuationRecord extends LogitDistance {
  readonly text: string
  readonly kind: 'prose' | 'code'
  readonly length: number
  readonly policy: string
  readonly share: number
  /** Slots per head after the cut, on average. */
  readonly slots: number
  /** Allocated bytes, over those of the full cache. */
  readonly memory: number
  /** Processor time of a token after the cut, over that of the full cache; null where it was not measured. */
  readonly time: number | null
  /** What choosing and cutting took, without what was observed while reading. */
  readonly seconds: number
  readonly extraTokens: number
}

/** Sizes and settings of a continuation. */
export interface ContinuationOptions {
  /** Tokens of the prompt; what follows are the others. */
  readonly length: number
  readonly contenders: readonly Contender[]
  readonly accuracy: 'exact' | 'fast'
  /** Single tokens that are timed. Defaults to none. */
  readonly timedSteps?: number
}

/** All policies on one text; the first record is the full cache. */
export async function measureContinuation(
  model: LocalModel,
  text: TokenisedText,
  { length, contenders, accuracy, timedSteps = 0 }: ContinuationOptions,
): Promise<ContinuationRecord[]> {
  const every = askEveryPolicy(contenders)
  await using asking = model.session({ policy: every.policy, accuracy })
  await asking.prefill(text.ids.subarray(0, length))
  every.asking = false
  await using full = asking.fork()
  const following = text.ids.subarray(length, -1)
  const targets = text.ids.subarray(length + 1)
  const about = { text: text.name, kind: text.kind, length }
  const bytes = full.report().bytes.allocated
  // on a fork, whose growth is not that of the others
  await using whole = full.fork()
  const { logits, milliseconds } = await goOn(whole, following, timedSteps)
  const reference = referenceLogits(logits, following.length)
  const same = { divergence: 0, agreement: 1, nll: compareLogits(reference, logits, targets).nll }
  const records: ContinuationRecord[] = [
    {
      ...about,
      policy: 'full',
      share: 1,
      ...same,
      slots: length,
      memory: 1,
      time: milliseconds && 1,
      seconds: 0,
      extraTokens: 0,
    },
  ]
  const compared = { following, targets, reference, bytes, milliseconds, timedSteps }
  for (const decision of every.decisions) records.push({ ...about, ...(await tryDecision(full, decision, compared)) })
  return records
}

interface Following {
  readonly following: Uint32Array
  readonly targets: Uint32Array
  readonly reference: ReferenceLogits
  readonly bytes: number
  readonly milliseconds: number | null
  readonly timedSteps: number
}

async function tryDecision(
  full: CacheSession,
  decision: Decision,
  { following, targets, reference, timedSteps, ...whole }: Following,
) {
  const { contender, actions, extraTokens } = decision
  await using session = full.fork()
  const start = performance.now()
  await session.edit(actions)
  const seconds = decision.seconds + (performance.now() - start) / 1000
  const { slots, bytes } = session.report()
  const { logits, milliseconds } = await goOn(session, following, timedSteps)
  return {
    policy: contender.name,
    share: contender.share,
    ...compareLogits(reference, logits, targets),
    slots: slots.mean,
    memory: bytes.allocated / whole.bytes,
    time: milliseconds && milliseconds / whole.milliseconds!,
    seconds,
    extraTokens,
  }
}

/** Logits after each of the tokens, and the median processor time of single tokens; the session is as before. */
async function goOn(
  session: CacheSession,
  ids: Uint32Array,
  timedSteps: number,
): Promise<{ logits: Float32Array; milliseconds: number | null }> {
  const mark = session.mark()
  const logits = await session.append(ids, { logits: 'all' })
  const times: number[] = []
  for (let step = 0; step < timedSteps; step++) {
    const start = process.cpuUsage()
    await session.append([ids[step % ids.length]!])
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1000)
  }
  await session.truncate(mark)
  return { logits, milliseconds: timedSteps > 0 ? summarise(times).median : null }
}
