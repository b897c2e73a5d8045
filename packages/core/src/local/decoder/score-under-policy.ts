/** @file Scores requests as text that is being generated under a cache policy: the context is a prompt, the rest comes token by token. */
import type { Accuracy, CallOptions, ScoreRequest, ScoreResult } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import type { LocalTokenizer } from '../../tokenizer/local-tokenizer.ts'
import { logSumExp } from './log-sum-exp.ts'
import { planScore, type ScoreItem } from './score-plan.ts'
import type { SessionState } from './session-state.ts'
import { targetLogprobs } from './target-logprobs.ts'

/** What scoring under a policy works with. */
export interface PolicyScoreTools {
  readonly tokenizer: LocalTokenizer
  /** A session under the policy, whose frequencies are chosen for a length. */
  sessionFor(plannedLength: number): SessionState
  checkLength(tokens: number): void
}

type Options = CallOptions & { readonly accuracy: Accuracy }

/** Scores all requests, in the order given, each in a session of its own. */
export async function scoreUnderPolicy(
  requests: readonly ScoreRequest[],
  tools: PolicyScoreTools,
  options: Options,
): Promise<ScoreResult[]> {
  options.signal?.throwIfAborted()
  const items = requests.map((request, index) => planScore(request, tools.tokenizer, index))
  for (const [index, item] of items.entries()) {
    const allowed = 'text or ids where a policy is given'
    checkArgument(item.prepared === undefined, `requests[${index}].context`, item.prepared, allowed)
    tools.checkLength(item.before.length + item.ids.length)
  }
  const results: ScoreResult[] = []
  for (const item of items) {
    const { ids, spans } = item
    results.push({ ids, spans, logprobs: await scoreItem(item, tools, options), accuracy: options.accuracy })
    const done = results.length
    options.onProgress?.({ type: 'progress', operation: 'score', done, total: items.length, unit: 'requests' })
  }
  return results
}

async function scoreItem({ before, ids }: ScoreItem, tools: PolicyScoreTools, options: Options): Promise<Float32Array> {
  const logprobs = new Float32Array(ids.length).fill(Number.NaN)
  // without a context the first token is one: there is no session without a prompt
  const known = before.length > 0 ? 0 : 1
  const rest = ids.subarray(known)
  if (rest.length === 0) return logprobs
  const session = tools.sessionFor(before.length + ids.length)
  try {
    const { signal } = options
    await session.prefill(known === 0 ? before : ids.subarray(0, 1), { signal })
    logprobs.set(
      session.actsWhileGenerating ? await stepwise(session, rest, options) : await atOnce(session, rest, options),
      known,
    )
    return logprobs
  } finally {
    session.close()
  }
}

/** A policy that leaves generated tokens alone: they may come all at once. */
async function atOnce(session: SessionState, ids: Uint32Array, options: Options): Promise<Float32Array> {
  const { accuracy, signal } = options
  const { hidden, first } = await session.tryOut(ids, { signal })
  const rest = await targetLogprobs(session.host.runner, hidden, ids.subarray(1), { accuracy, signal })
  return Float32Array.of(first, ...rest)
}

async function stepwise(session: SessionState, ids: Uint32Array, { signal }: Options): Promise<Float32Array> {
  const logprobs = new Float32Array(ids.length)
  for (const [index, id] of ids.entries()) {
    const logits = index === 0 ? session.needLogits() : await session.step(ids[index - 1]!, { signal })
    logprobs[index] = logits[id]! - logSumExp(logits)
  }
  return logprobs
}
