import type { Accuracy, ScoreResult } from '@lc/model'

/** What `lc score --json` prints. */
export interface ScoreDocument {
  /** Offsets are UTF-16, half-open, in the text. The first token has no log-probability where nothing precedes it. */
  tokens: { id: number; text: string; start: number; end: number; logprob: number | null }[]
  /** Mean negative log-likelihood of the tokens that have one, in nats; null where there are none. */
  nll: number | null
  perplexity: number | null
  accuracy: Accuracy
  seconds: number
}

/** The scores of a text. */
export function scoreDocument(text: string, result: ScoreResult, seconds: number): ScoreDocument {
  const { ids, spans, logprobs } = result
  let sum = 0
  let count = 0
  const tokens = Array.from(ids, (id, index) => {
    const { start, end } = spans[index]!
    const logprob = Number.isNaN(logprobs[index]!) ? null : logprobs[index]!
    sum += logprob ?? 0
    if (logprob !== null) count++
    return { id, text: text.slice(start, end), start, end, logprob }
  })
  const nll = count === 0 ? null : -sum / count
  return {
    tokens,
    nll,
    perplexity: nll === null ? null : Math.exp(nll),
    accuracy: result.accuracy ?? 'exact',
    seconds,
  }
}
