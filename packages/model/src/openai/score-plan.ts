/** @file What is sent for a score request, and how the answer maps to tokens of the continuation. */
import type { ScoreRequest, ScoreResult } from '../capability/scorer.ts'
import type { Tokenizer } from '../capability/tokenizer.ts'
import { ContextLengthError } from '../errors/context-length-error.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import type { Span } from '../text/span.ts'
import { alignTokens } from './align-tokens.ts'
import type { CallLimits, Connection } from './connection.ts'
import type { PromptInput, PromptTokens } from './prompt-logprobs.ts'
import { noPromptLogprobs } from './prompt-logprobs.ts'
import { readIds } from './read-answer.ts'
import type { DialectTraits, PromptLogprobsForm } from './server-dialect.ts'

/** A request on its way. */
export interface ScorePlan {
  input: PromptInput
  /** Where the continuation begins: a position among the tokens when `ids` or `continuationIds` is known, else in the text. */
  from: { token: number } | { character: number }
  /** Tokens of the whole, where they are known. */
  tokenCount?: number
  /** Tokens of the continuation and their spans, where they are known. */
  known?: { ids: Uint32Array; spans: Span[] }
  /** The text of the continuation, for spans from token texts. */
  continuation?: string
  needsTexts: boolean
}

/** A plan in the ids of a local tokenizer. */
export function planByTokenizer(
  connection: Connection,
  tokenizer: Tokenizer,
  request: ScoreRequest,
  form: PromptLogprobsForm,
): ScorePlan {
  const { before, known, text } = tokenise(connection, tokenizer, request)
  const tokenCount = before.length + known.ids.length
  checkLength(connection, tokenCount)
  const plan = { from: { token: before.length }, tokenCount, known }
  if (form !== 'echo') return { ...plan, input: [...before, ...known.ids], needsTexts: false }
  // a server that only echoes takes text, and must split it in the same way
  const whole = text ?? tokenizer.decode([...before, ...known.ids], { special: 'keep' })
  const own = tokenizer.encode(whole).ids
  const same =
    own.length === tokenCount && own.every((id, index) => id === (before[index] ?? known.ids[index - before.length]))
  if (!same)
    throw new UnsupportedCapabilityError({
      model: connection.model,
      capability: 'score tokens that its tokenizer would join otherwise: the server takes only text',
      alternatives: "use join: 'text'",
    })
  return { ...plan, input: whole, needsTexts: true }
}

function tokenise(connection: Connection, tokenizer: Tokenizer, request: ScoreRequest) {
  const { context, continuation, join } = request
  if (typeof context === 'string' && typeof continuation === 'string' && join !== 'ids') {
    const text = context + continuation
    const { ids, spans } = tokenizer.encode(text)
    const reaching = spans.findIndex((span) => span.end > context.length)
    const first = reaching < 0 ? ids.length : reaching
    const known = { ids: ids.slice(first), spans: relativeSpans(spans.slice(first), context.length) }
    return { before: Array.from(ids.subarray(0, first)), known, text }
  }
  const before = typeof context === 'string' ? Array.from(tokenizer.encode(context).ids) : idList(connection, context)
  if (typeof continuation === 'string') return { before, known: tokenizer.encode(continuation) }
  const ids = Uint32Array.from(continuation)
  return { before, known: { ids, spans: spansOfIds(tokenizer, ids) } }
}

/** A plan that leaves the splitting to the server. */
export async function planByServer(
  connection: Connection,
  request: ScoreRequest,
  traits: DialectTraits,
  limits: CallLimits,
): Promise<ScorePlan> {
  const { context, continuation, join } = request
  if (typeof context === 'string' && typeof continuation === 'string' && join !== 'ids')
    return { input: context + continuation, from: { character: context.length }, continuation, needsTexts: true }
  const idsOf = async (given: ScoreRequest['context']) =>
    typeof given === 'string' ? tokeniseRemotely(connection, given, traits, limits) : idList(connection, given)
  const before = await idsOf(context)
  const after = await idsOf(continuation)
  const tokenCount = before.length + after.length
  checkLength(connection, tokenCount)
  return {
    input: [...before, ...after],
    from: { token: before.length },
    tokenCount,
    continuation:
      typeof continuation === 'string' ? continuation : await decodeRemotely(connection, after, traits, limits),
    needsTexts: true,
  }
}

async function tokeniseRemotely(
  connection: Connection,
  text: string,
  traits: DialectTraits,
  limits: CallLimits,
): Promise<number[]> {
  if (text === '') return []
  if (!traits.tokenizer) throw noTokenizer(connection)
  const body = { model: connection.model, prompt: text, add_special_tokens: false }
  const answer = await connection.postToRoot(traits.tokenizer.encode, body, limits)
  const ids = readIds(answer.tokens)
  if (!ids) throw noTokenizer(connection)
  return Array.from(ids)
}

async function decodeRemotely(
  connection: Connection,
  ids: readonly number[],
  traits: DialectTraits,
  limits: CallLimits,
): Promise<string> {
  if (ids.length === 0) return ''
  if (!traits.tokenizer) throw noTokenizer(connection)
  const answer = await connection.postToRoot(traits.tokenizer.decode, { model: connection.model, tokens: ids }, limits)
  const text = answer.prompt ?? answer.text
  if (typeof text !== 'string') throw noTokenizer(connection)
  return text
}

function noTokenizer(connection: Connection): UnsupportedCapabilityError {
  return new UnsupportedCapabilityError({
    model: connection.model,
    capability: 'tokenise texts apart',
    alternatives: 'pass the tokenizer of its model',
  })
}

function idList(connection: Connection, given: ScoreRequest['context']): number[] {
  if (typeof given === 'string' || !('length' in given) || 'extend' in given)
    throw new UnsupportedCapabilityError({
      model: connection.model,
      capability: 'use the prepared context of another model',
      alternatives: 'pass text or ids; servers reuse common prefixes on their own',
    })
  return Array.from(given)
}

function checkLength(connection: Connection, tokens: number): void {
  if (tokens > connection.contextLength)
    throw new ContextLengthError({ tokens, limit: connection.contextLength, model: connection.model })
}

/** The scores of a continuation from the log-probabilities of the whole. */
export function readScore(connection: Connection, plan: ScorePlan, answer: PromptTokens): ScoreResult {
  const { first, result } =
    plan.known && 'token' in plan.from
      ? { first: plan.from.token, result: readKnown(connection, plan, plan.known, plan.from.token, answer) }
      : readUnknown(connection, plan, answer)
  // only the first token of all has nothing before it
  const missing = result.logprobs.findIndex((logprob, index) => Number.isNaN(logprob) && first + index > 0)
  if (missing >= 0) throw noPromptLogprobs(connection, `it left out the log-probability of token ${first + missing}`)
  return result
}

/** By the token texts of the server. */
function readUnknown(
  connection: Connection,
  plan: ScorePlan,
  answer: PromptTokens,
): { first: number; result: ScoreResult } {
  const { ids, texts } = answer
  if (!ids || !texts)
    throw noPromptLogprobs(connection, 'it gives neither ids nor texts of tokens; pass the tokenizer of its model')
  if ('token' in plan.from) {
    const first = plan.from.token
    checkCount(connection, plan, answer)
    const alignment = alignTokens(plan.continuation ?? '', texts.slice(first))
    if (!alignment) throw unaligned(connection)
    return { first, result: { ids: ids.slice(first), spans: alignment.spans, logprobs: answer.logprobs.slice(first) } }
  }
  const { character } = plan.from
  const alignment = alignTokens(plan.input as string, texts)
  if (!alignment) throw unaligned(connection)
  const reaching = alignment.spans.findIndex((span) => span.end > character)
  const first = reaching < 0 ? alignment.covered : reaching
  const result = {
    ids: ids.slice(first, alignment.covered),
    spans: relativeSpans(alignment.spans.slice(first), character),
    logprobs: answer.logprobs.slice(first, alignment.covered),
  }
  return { first, result }
}

function readKnown(
  connection: Connection,
  plan: ScorePlan,
  known: { ids: Uint32Array; spans: Span[] },
  first: number,
  answer: PromptTokens,
): ScoreResult {
  let logprobs = answer.logprobs
  if (typeof plan.input === 'string') {
    const alignment = alignTokens(plan.input, answer.texts ?? [])
    if (!alignment) throw unaligned(connection)
    // a begin token of the server's stands before the text
    const prologue = Math.max(0, alignment.covered - (plan.tokenCount ?? 0))
    const stray = alignment.spans.slice(0, prologue).some((span) => span.end > span.start)
    if (stray || alignment.covered - prologue !== plan.tokenCount) throw unaligned(connection)
    logprobs = logprobs.slice(prologue, alignment.covered)
  } else checkCount(connection, plan, answer)
  return { ids: known.ids, spans: known.spans, logprobs: logprobs.slice(first, first + known.ids.length) }
}

function checkCount(connection: Connection, plan: ScorePlan, answer: PromptTokens): void {
  if (answer.logprobs.length !== plan.tokenCount)
    throw noPromptLogprobs(
      connection,
      `it gave ${answer.logprobs.length} log-probabilities for ${plan.tokenCount} tokens`,
    )
}

function unaligned(connection: Connection): UnsupportedCapabilityError {
  return new UnsupportedCapabilityError({
    model: connection.model,
    capability: 'tell which part of the text each of its tokens stands for: they do not spell it',
    neededBy: 'a Scorer',
    alternatives: 'pass the tokenizer of its model',
  })
}

function relativeSpans(spans: readonly Span[], origin: number): Span[] {
  return spans.map((span) => ({ start: Math.max(0, span.start - origin), end: Math.max(0, span.end - origin) }))
}

/** For each id its range in the text that all ids decode to. */
function spansOfIds(tokenizer: Tokenizer, ids: Uint32Array): Span[] {
  const text = tokenizer.decode(ids, { special: 'keep' })
  const again = tokenizer.encode(text)
  if (again.ids.length === ids.length && again.ids.every((id, index) => id === ids[index])) return again.spans
  let start = 0
  return Array.from(ids, (_, index) => {
    const end = tokenizer.decode(ids.subarray(0, index + 1), { special: 'keep' }).length
    const span = { start: Math.min(start, end), end }
    start = end
    return span
  })
}
