import type { Passage, Scorer, TokenClassifier } from '@lc/model'
import type { DraftModel } from '../specpc/options.ts'
import { type ContentKind, contentKind } from './content-kind.ts'

/** What can value tokens: one or more of these. */
export type CompressionModel = Scorer | TokenClassifier | DraftModel

/** A method of this package. */
export type CompressionMethod = 'longcodezip' | 'longllmlingua' | 'llmlingua' | 'llmlingua2' | 'specpc' | 'no-model'

/** Which method was chosen, and why. */
export interface MethodChoice {
  method: CompressionMethod
  content: ContentKind
  /** In a sentence. */
  reason: string
}

/** What a choice depends on. */
export interface ChooseMethodOptions {
  query?: string | undefined
  model?: CompressionModel | undefined
}

/** Whether a model gives log-probabilities. */
export function isScorer(model: CompressionModel | undefined): model is Scorer {
  return typeof (model as Scorer | undefined)?.score === 'function'
}

/** Whether a model labels tokens. */
export function isClassifier(model: CompressionModel | undefined): model is TokenClassifier {
  return typeof (model as TokenClassifier | undefined)?.classify === 'function'
}

/** Whether a model shows its attention. */
export function isAttender(model: CompressionModel | undefined): model is DraftModel {
  return typeof (model as DraftModel | undefined)?.attend === 'function'
}

/**
 * Chooses a method by what the passages hold, whether there is a query, and what the model can do.
 *
 * @example
 * ```ts
 * import { chooseMethod } from '@lc/compress'
 * import { makePassage } from '@lc/model'
 *
 * const { method, reason } = chooseMethod([makePassage('a,b\n1,2', { uri: 'sums.csv' })], { query: 'b' })
 * console.log(method, reason)
 * ```
 */
export function chooseMethod(
  passages: readonly Passage[],
  { query = '', model }: ChooseMethodOptions = {},
): MethodChoice {
  const content = contentKind(passages)
  const choose = (method: CompressionMethod, reason: string): MethodChoice => ({ method, content, reason })
  if (content === 'json' || content === 'table')
    return choose(
      'no-model',
      content === 'json'
        ? 'JSON stays JSON: elements of arrays and ends of long strings are dropped, keys stay'
        : 'a table is kept by whole rows, with its header',
    )
  if (isScorer(model)) return byScorer(content, query !== '', choose)
  if (isClassifier(model)) {
    if (content === 'code')
      return choose(
        'no-model',
        'a token classifier drops words, which breaks code; whole lines are chosen by the query',
      )
    return choose('llmlingua2', `a token classifier tells which words of ${content} to keep`)
  }
  if (isAttender(model)) {
    if (content === 'code')
      return choose('no-model', 'attention drops words, which breaks code; whole lines are chosen by the query')
    return choose('specpc', `${content} and a model that shows its attention: what the question looks at is kept`)
  }
  return choose('no-model', 'no model is given: units are ranked by the words of the query')
}

type Choose = (method: CompressionMethod, reason: string) => MethodChoice

function byScorer(content: ContentKind, asked: boolean, choose: Choose): MethodChoice {
  if (content === 'code' && asked)
    return choose('longcodezip', 'code and a query: functions and blocks are ranked by how much they predict it')
  if (content === 'code')
    return choose('no-model', 'code without a query: the beginning of each file is kept, whole lines only')
  if (asked)
    return choose(
      'longllmlingua',
      `${content} and a query: passages and words are ranked by what they have to do with it`,
    )
  return choose('llmlingua', `${content} without a query: words that the model can guess are dropped`)
}
