/** @file A text of any length as its question sees it: in one pass where it fits the draft, else in parts that overlap. */
import { startOf } from '../score/text-nll.ts'
import { keyImportance, rowsWithin } from './key-importance.ts'
import type { ResolvedSpecPcOptions, ScoredLayers } from './options.ts'

/** Tokens of a text that is read for a question. */
export interface ReadText {
  ids: Uint32Array
  query: string
}

/** The share of a part that repeats the end of the one before. */
const overlapShare = 0.125
/** What asks when there is no question: the text's own last tokens, as in the paper. */
const noQuestion = new Uint32Array()

/**
 * Importance of each token for the question. In front of each part stands the token after which texts begin: it draws the attention
 * that heads without anything to look at put on the first token, and is not counted.
 */
export async function readText(
  { ids, query }: ReadText,
  options: ResolvedSpecPcOptions,
  warnings: string[],
): Promise<Float64Array> {
  const { attender, windowSize } = options
  const importance = new Float64Array(ids.length)
  if (ids.length === 0) return importance
  const start = startOf(attender.tokenizer)
  const limit = Math.min(options.windowTokens, attender.contextLength ?? options.windowTokens)
  const question = questionIds(query, options, Math.max(1, Math.floor((limit - start.length) / 2)), warnings)
  const room = Math.max(1, limit - start.length - question.length)
  let layers: ScoredLayers = options.layers
  for (let from = 0; ; from += room - Math.floor(room * overlapShare)) {
    const to = Math.min(ids.length, from + room)
    const part = Uint32Array.of(...start, ...ids.subarray(from, to), ...question)
    const rows = rowsWithin(question.length || to - from, windowSize)
    const read = await keyImportance(attender, { ids: part, rows, layers, firstWeight: 1 / rows }, options)
    layers = read.layers
    for (let at = from; at < to; at++)
      importance[at] = Math.max(importance[at]!, read.importance[start.length + at - from]!)
    options.onProgress?.({ type: 'progress', operation: 'attend', done: to, total: ids.length, unit: 'tokens' })
    if (to === ids.length) return importance
  }
}

function questionIds(
  query: string,
  { attender: { tokenizer } }: ResolvedSpecPcOptions,
  room: number,
  warnings: string[],
): Uint32Array {
  if (query === '') return noQuestion
  const { ids } = tokenizer.encode(`\n\nQuestion: ${query}\nAnswer:`)
  if (ids.length <= room) return ids
  warnings.push(`the question has ${ids.length} tokens; only its last ${room} are read`)
  return ids.slice(ids.length - room)
}
