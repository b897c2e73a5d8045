/**
 * @file How much a context helps to predict a query: the query's negative log-probability with and without the context.
 * The same query tokens count in both, tokenised apart from the context, so that the two differ by the context alone.
 */
import type { Accuracy, CallOptions, ScoreRequest, Scorer } from '@lc/model'
import { meanNll } from './token-nll.ts'

export interface ConditionalNllOptions extends CallOptions {
  /** Defaults to `'fast'`: ranks matter, not values. */
  accuracy?: Accuracy | undefined
  /**
   * `'neutral'`: the query alone is read after the separator, and all its tokens count (default).
   * `'skip'`: the query alone is read after nothing; its first token, which then has no probability, is left out of both sides.
   */
  firstToken?: 'neutral' | 'skip' | undefined
  /** Longest context plus query in tokens. Defaults to the scorer's context length, at most 4,096. */
  windowTokens?: number | undefined
}

export interface ConditionalNll {
  /** Mean NLL of the query alone, in nats per token. */
  alone: number
  /** Mean NLL of the query given each context; of a context longer than the window, that of its most helpful window. */
  given: Float64Array
}

/** Token ids of what is compared. */
export interface ConditionalNllInput {
  query: Uint32Array
  contexts: readonly Uint32Array[]
  /** Stands between context and query. */
  separator: Uint32Array
  /** The value of `alone` when it is known; saves one forward pass. */
  alone?: number | undefined
}

/** Scores a query after each of the contexts, in one call of the scorer. */
export async function conditionalNll(
  scorer: Scorer,
  input: ConditionalNllInput,
  options: ConditionalNllOptions = {},
): Promise<ConditionalNll> {
  const { query, contexts, separator } = input
  const skip = options.firstToken === 'skip' ? 1 : 0
  const room = contextRoom(scorer, query.length + separator.length, options.windowTokens)
  const requests: ScoreRequest[] = []
  const owner: number[] = []
  if (input.alone === undefined)
    requests.push({ context: skip ? new Uint32Array() : separator, continuation: query, join: 'ids' })
  contexts.forEach((context, index) => {
    for (const window of windowsOf(context, room)) {
      requests.push({ context: concatIds(window, separator), continuation: query, join: 'ids' })
      owner.push(index)
    }
  })
  const { accuracy = 'fast', signal, onProgress } = options
  const results = await scorer.score(requests, { accuracy, signal, onProgress })
  const first = input.alone === undefined ? 1 : 0
  const alone = input.alone ?? finite(meanNll(results[0]!.logprobs, skip))
  const given = new Float64Array(contexts.length).fill(Number.POSITIVE_INFINITY)
  owner.forEach((index, at) => {
    const nll = finite(meanNll(results[at + first]!.logprobs, skip))
    given[index] = Math.min(given[index]!, nll)
  })
  // an empty context tells nothing
  for (let index = 0; index < given.length; index++) if (!Number.isFinite(given[index]!)) given[index] = alone
  return { alone, given }
}

/** Tokens of context that fit beside `taken` others; at least 1. */
export function contextRoom(scorer: Scorer, taken: number, windowTokens = 4096): number {
  return Math.max(1, Math.min(scorer.contextLength ?? windowTokens, windowTokens) - taken)
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0
}

/** Windows of equal length, none longer than `room`. */
export function windowsOf(ids: Uint32Array, room: number): Uint32Array[] {
  if (ids.length <= room) return ids.length === 0 ? [] : [ids]
  const count = Math.ceil(ids.length / room)
  const length = Math.ceil(ids.length / count)
  return Array.from({ length: count }, (_, index) => ids.subarray(index * length, (index + 1) * length))
}

/** Two id lists as one. */
export function concatIds(first: Uint32Array, second: Uint32Array): Uint32Array {
  const joined = new Uint32Array(first.length + second.length)
  joined.set(first)
  joined.set(second, first.length)
  return joined
}
