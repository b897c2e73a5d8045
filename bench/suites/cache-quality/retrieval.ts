/**
 * @file Whether a single fact is found again after the cache was cut: with the question known when it was (query-aware), and
 * asked afterwards (query-agnostic). The answer is given token by token, so that it is right if all its tokens are first choices.
 */
import type { CacheSession, LocalModel } from '@lc/core'
import { askEveryPolicy } from './ask-every-policy.ts'
import { compareLogits, indexOfLargest, referenceLogits } from './compare-logits.ts'
import type { Contender, Knowledge } from './contenders.ts'
import { draftOf } from './draft.ts'
import type { RetrievalContext } from './retrieval-sets.ts'

/** Whether the question was there when the cache was cut. */
export type Protocol = 'query-aware' | 'query-agnostic'

/** Whether an answer is right, and how it was expected. */
export interface Judged {
  readonly right: boolean
  /** Of the answer, nats per token. */
  readonly nll: number
}

/** What one policy made of one question. */
export interface RetrievalRecord extends Judged {
  readonly set: RetrievalContext['set']
  readonly text: string
  readonly length: number
  readonly protocol: Protocol
  readonly policy: string
  readonly share: number
  readonly question: number
}

interface RetrievalOptions {
  readonly length: number
  readonly contenders: readonly Contender[]
  /** Questions that are also asked before the cut; every one takes all policies' work anew. */
  readonly awareQuestions: number
  /** Is set before policies are asked. */
  readonly draft: Knowledge['draft']
}

/** All policies on one context, which is read once. */
export async function measureRetrieval(
  model: LocalModel,
  context: RetrievalContext,
  { length, contenders, awareQuestions, draft }: RetrievalOptions,
): Promise<RetrievalRecord[]> {
  const every = askEveryPolicy(contenders)
  await using asking = model.session({ policy: every.policy, accuracy: 'exact' })
  draft.ids = await draftOf(model, context.context)
  await asking.prefill(context.context)
  const about = { set: context.set, text: context.name, length }
  const records: RetrievalRecord[] = []
  every.asking = false
  await using full = asking.fork()
  const whole = { ...about, policy: 'full', share: 1 }
  for (const [question, { ask, answer }] of context.questions.entries()) {
    const judged = await answerOf(full, ask, answer)
    records.push({ ...whole, protocol: 'query-agnostic', question, ...judged })
    if (question < awareQuestions) records.push({ ...whole, protocol: 'query-aware', question, ...judged })
  }
  const agnostic = { ...about, protocol: 'query-agnostic' } as const
  for (const { contender, actions } of every.decisions) {
    await using cut = full.fork()
    await cut.edit(actions)
    const own = { ...agnostic, policy: contender.name, share: contender.share }
    for (const [question, { ask, answer }] of context.questions.entries())
      records.push({ ...own, question, ...(await answerOf(cut, ask, answer)) })
  }
  for (const [question, { ask, answer }] of context.questions.slice(0, awareQuestions).entries()) {
    draft.ids = await draftOf(model, Uint32Array.of(...context.context, ...ask))
    every.asking = true
    await using asked = asking.fork()
    const first = await asked.prefill(ask)
    every.asking = false
    await using read = asked.fork()
    for (const { contender, actions } of every.decisions) {
      await using cut = read.fork()
      await cut.edit(actions)
      const own = { policy: contender.name, share: contender.share, question }
      records.push({ ...about, protocol: 'query-aware', ...own, ...(await restOfAnswer(cut, first, answer)) })
    }
  }
  return records
}

/** The judged answer after more of the text; the session is as before. */
export async function answerOf(session: CacheSession, ask: Uint32Array, answer: Uint32Array): Promise<Judged> {
  const mark = session.mark()
  const fed = [...ask, ...answer.subarray(0, -1)]
  const logits = await session.append(fed, { logits: 'all' })
  await session.truncate(mark)
  const width = logits.length / fed.length
  return judge(logits.subarray((ask.length - 1) * width), answer)
}

/** The judged answer of a session whose prompt ended with the question; its first token was known before the cut. */
async function restOfAnswer(session: CacheSession, first: Float32Array, answer: Uint32Array): Promise<Judged> {
  const rest = await session.append(answer.subarray(0, -1), { logits: 'all' })
  const logits = new Float32Array(first.length * answer.length)
  logits.set(first)
  logits.set(rest, first.length)
  return judge(logits, answer)
}

function judge(logits: Float32Array, answer: Uint32Array): Judged {
  const width = logits.length / answer.length
  const choices = Array.from(answer, (_, row) => indexOfLargest(logits.subarray(row * width, (row + 1) * width)))
  const { nll } = compareLogits(referenceLogits(logits, answer.length), logits, answer)
  return { right: choices.every((choice, row) => choice === answer[row]), nll }
}
