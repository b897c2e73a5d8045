/** @file Mean surprise of texts, alone or with a question, over the tokens that the released program takes. */
import type { ScoreRequest } from '@lc/model'
import { meanNll } from '../score/token-nll.ts'
import type { ResolvedOfficialOptions } from './official-options.ts'

/** Follows the question when contexts are ranked by it. */
const restriction = ' We can get the answer to this question in the given documents.'

/** One value for each text, NaN for a text of one token. */
async function meanSurprises(
  texts: readonly string[],
  question: string,
  options: ResolvedOfficialOptions,
): Promise<Float64Array> {
  const { scorer, condition, windowTokens, signal, onProgress } = options
  const encode = (text: string): Uint32Array => scorer.tokenizer.encode(text, { special: 'model' }).ids
  const requests: ScoreRequest[] = []
  const places = texts.map((text) => {
    const joined = condition === 'none' ? text : condition === 'before' ? question + text : text + question
    const ids = encode(joined).subarray(0, windowTokens)
    if (ids.length < 2) return { request: -1, skip: 0 }
    const skip = condition === 'none' ? 0 : encode(condition === 'before' ? question : text).length - 1
    requests.push({ context: ids.subarray(0, 1), continuation: ids.subarray(1), join: 'ids' })
    return { request: requests.length - 1, skip: Math.max(0, skip) }
  })
  const results = requests.length > 0 ? await scorer.score(requests, { accuracy: 'exact', signal, onProgress }) : []
  return Float64Array.from(places, ({ request, skip }) =>
    request < 0 ? Number.NaN : meanNll(results[request]!.logprobs, skip),
  )
}

/** Contexts from the first to be kept to the last. */
export async function rankContexts(texts: readonly string[], options: ResolvedOfficialOptions): Promise<number[]> {
  const values = await meanSurprises(texts, options.question + restriction, options)
  return order(values, options)
}

/** Sentences from the first to be kept to the last. */
export async function rankSentences(
  groups: readonly (readonly string[])[],
  options: ResolvedOfficialOptions,
): Promise<number[]> {
  const texts = groups.flat()
  if (options.ranking === 'llmlingua') return rankContexts(texts, options)
  const values = await meanSurprises(texts, options.question, options)
  const { keepFirstSentences, keepLastSentences, keepSentences } = options
  for (let at = 0; at < Math.min(keepFirstSentences, values.length); at++) values[at]! += bonus
  for (let at = Math.max(0, values.length - keepLastSentences); keepLastSentences > 0 && at < values.length; at++)
    values[at]! += bonus
  let first = 0
  for (const { length } of groups) {
    const own = Array.from({ length }, (_, at) => first + at)
    const lowest = own.sort((a, b) => values[a]! - values[b]!).slice(0, keepSentences)
    for (const at of lowest) values[at]! += bonus
    first += length
  }
  return order(values, options)
}

const bonus = 100

/** By surprise alone the highest first; for a question the lowest. */
function order(values: Float64Array, { condition }: ResolvedOfficialOptions): number[] {
  const sign = condition === 'none' ? -1 : 1
  return Array.from(values, (_, index) => index).sort((a, b) => sign * (values[a]! - values[b]!))
}
