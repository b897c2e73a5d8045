/**
 * @file Relevance of units to the query: how much better the query is predicted after the unit (approximated mutual
 * information, LongCodeZip section 3.1). In the paper a difference of perplexities, here also of mean log-probabilities,
 * which does not depend on how hard the query is. Both read the same query tokens on both sides.
 */
import type { Accuracy, CallOptions, ScoreRequest, Scorer } from '@lc/model'
import { type ConditionalNll, concatIds, conditionalNll, contextRoom, windowsOf } from '../score/conditional-nll.ts'
import { meanNll } from '../score/token-nll.ts'

/** `'perplexity'`: PPL(q) - PPL(q | c), the paper's; `'log'`: the difference of mean NLLs, in nats per query token. */
export type RelevanceScale = 'perplexity' | 'log'

/** Options of `rankContexts`. */
export interface RelevanceOptions extends CallOptions {
  scale: RelevanceScale
  accuracy?: Accuracy | undefined
  windowTokens?: number | undefined
  /** Stands between a context and the query. Defaults to a blank line. */
  separator?: Uint32Array | undefined
  /** Mean NLL of the query alone, where it is known; saves one forward pass. */
  alone?: number | undefined
}

/** What relevance was computed from. */
export interface Relevance {
  /** One per context; higher is more relevant. */
  scores: Float64Array
  /** Mean NLL of the query alone, in nats per token. */
  alone: number
}

/** Turns NLLs into relevance. */
export function relevanceOf(nll: ConditionalNll, scale: RelevanceScale): Float64Array {
  if (scale === 'log') return nll.given.map((given) => nll.alone - given)
  return nll.given.map((given) => Math.exp(nll.alone) - Math.exp(given))
}

/** The tokens that stand between a context and the query. */
export function separatorIds(scorer: Scorer): Uint32Array {
  const { ids } = scorer.tokenizer.encode('\n\n')
  // a tokenizer that drops white space still needs something to begin with
  return ids.length > 0 ? ids : scorer.tokenizer.encode('.').ids
}

/**
 * Relevance of contexts to a query, by one call of the scorer.
 * @param query token ids
 * @param contexts token ids of each context
 */
export async function rankContexts(
  scorer: Scorer,
  query: Uint32Array,
  contexts: readonly Uint32Array[],
  options: RelevanceOptions,
): Promise<Relevance> {
  const firstToken = options.scale === 'log' ? 'neutral' : 'skip'
  const nll = await conditionalNll(
    scorer,
    { query, contexts, separator: options.separator ?? separatorIds(scorer), alone: options.alone },
    { ...options, firstToken },
  )
  return { scores: relevanceOf(nll, options.scale), alone: nll.alone }
}

/** Relevance and, from the same forward pass, the log-probability of each token of the contexts asked for. */
export interface RelevanceWithTokens extends Relevance {
  /** One list per context, of the context's own length; missing where it was not asked for. */
  tokenLogprobs: (Float32Array | undefined)[]
}

/**
 * As `rankContexts`, but reads the own tokens of some contexts too: one pass over context and query gives the line perplexities
 * as well. Costs the output layer for those tokens, saves a second pass over them.
 * @param wantsTokens whether the tokens of the context at this index are wanted
 */
export async function rankContextsWithTokens(
  scorer: Scorer,
  query: Uint32Array,
  contexts: readonly Uint32Array[],
  options: RelevanceOptions & { wantsTokens: (index: number) => boolean },
): Promise<RelevanceWithTokens> {
  const separator = options.separator ?? separatorIds(scorer)
  const tail = concatIds(separator, query)
  const room = contextRoom(scorer, tail.length + separator.length, options.windowTokens)
  const skip = options.scale === 'log' ? 0 : 1
  const requests: ScoreRequest[] = [{ context: skip ? new Uint32Array() : separator, continuation: query, join: 'ids' }]
  const windows: { owner: number; from: number; length: number }[] = []
  const wanted = contexts.map((_, index) => options.wantsTokens(index))
  contexts.forEach((context, owner) => {
    let from = 0
    for (const window of windowsOf(context, room)) {
      requests.push(
        wanted[owner]
          ? { context: separator, continuation: concatIds(window, tail), join: 'ids' }
          : { context: concatIds(concatIds(separator, window), separator), continuation: query, join: 'ids' },
      )
      windows.push({ owner, from, length: window.length })
      from += window.length
    }
  })
  const { accuracy = 'fast', signal, onProgress } = options
  const results = await scorer.score(requests, { accuracy, signal, onProgress })
  const alone = meanNll(results[0]!.logprobs, skip) || 0
  const given = new Float64Array(contexts.length).fill(Number.POSITIVE_INFINITY)
  const tokenLogprobs = contexts.map((context, index) => (wanted[index] ? new Float32Array(context.length) : undefined))
  windows.forEach(({ owner, from, length }, index) => {
    const { logprobs } = results[index + 1]!
    tokenLogprobs[owner]?.set(logprobs.subarray(0, length), from)
    const own = wanted[owner] ? logprobs.subarray(length + separator.length) : logprobs
    given[owner] = Math.min(given[owner]!, meanNll(own, skip))
  })
  for (let index = 0; index < given.length; index++) if (!Number.isFinite(given[index]!)) given[index] = alone
  return { scores: relevanceOf({ alone, given }, options.scale), alone, tokenLogprobs }
}

/** Log-probabilities of each token of each context given what precedes it in the context, by one call of the scorer. */
export async function contextTokenLogprobs(
  scorer: Scorer,
  contexts: readonly Uint32Array[],
  options: Omit<RelevanceOptions, 'scale' | 'alone'>,
): Promise<Float32Array[]> {
  const separator = options.separator ?? separatorIds(scorer)
  const room = contextRoom(scorer, separator.length, options.windowTokens)
  const requests: ScoreRequest[] = []
  const windows: { owner: number; from: number }[] = []
  contexts.forEach((context, owner) => {
    let from = 0
    for (const window of windowsOf(context, room)) {
      requests.push({ context: separator, continuation: window, join: 'ids' })
      windows.push({ owner, from })
      from += window.length
    }
  })
  const { accuracy = 'fast', signal, onProgress } = options
  const results = requests.length > 0 ? await scorer.score(requests, { accuracy, signal, onProgress }) : []
  const logprobs = contexts.map((context) => new Float32Array(context.length))
  windows.forEach(({ owner, from }, index) => {
    logprobs[owner]!.set(results[index]!.logprobs, from)
  })
  return logprobs
}
