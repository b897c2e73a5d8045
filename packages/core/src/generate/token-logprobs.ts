import type { TokenLogprob } from '@lc/model'
import type { LocalTokenizer } from '../tokenizer/local-tokenizer.ts'
import { selectTop } from './select-top.ts'

/** The log-probability of a token under the model's own distribution, with the top alternatives. */
export function tokenLogprob(logits: Float32Array, id: number, top: number, tokenizer: LocalTokenizer): TokenLogprob {
  const sum = logSumExp(logits)
  const entry = (token: number) => ({
    token: tokenizer.decode([token], { special: 'keep' }),
    id: token,
    logprob: logits[token]! - sum,
  })
  if (top === 0) return entry(id)
  return { ...entry(id), top: selectTop(logits, top).slice(0, top).map(entry) }
}

function logSumExp(logits: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY
  for (const logit of logits) if (logit > largest) largest = logit
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - largest)
  return largest + Math.log(sum)
}
