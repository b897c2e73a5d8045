import type { Accuracy, ScoreResult } from '@lc/model'

/** What `lc score --json` prints. */
export interface ScoreDocument {
  /** Offsets are UTF-16, half-open, in the text. The first token has no log-probability: nothing precedes it. */
  tokens: { id: number; text: string; start: number; end: number; logprob: number | null }[]
  /** Mean negative log-likelihood of all tokens but the first, in nats; null below two tokens. */
  nll: number | null
  perplexity: number | null
  accuracy: Accuracy
  seconds: number
}

/** The scores of a text that was scored with no context. */
export function scoreDocument(text: string, result: ScoreResult, seconds: number): ScoreDocument {
  const { ids, spans, logprobs } = result
  let sum = 0
  const tokens = Array.from(ids, (id, index) => {
    const { start, end } = spans[index]!
    const logprob = index === 0 ? null : logprobs[index]!
    sum += logprob ?? 0
    return { id, text: text.slice(start, end), start, end, logprob }
  })
  const nll = tokens.length < 2 ? null : -sum / (tokens.length - 1)
  return {
    tokens,
    nll,
    perplexity: nll === null ? null : Math.exp(nll),
    accuracy: result.accuracy ?? 'exact',
    seconds,
  }
}
