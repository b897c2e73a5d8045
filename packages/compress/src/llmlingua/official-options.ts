/** @file What the released program of LLMLingua and LongLLMLingua can be told, in our words. */
import type { CallOptions, Scorer, Tokenizer } from '@lc/model'
import { checkArgument, checkInteger, checkNumber, checkOneOf } from '@lc/model/check'

/** Options of `officialLlmLingua`. The defaults are those of the package `llmlingua` 0.2.2. */
export interface OfficialLlmLinguaOptions extends CallOptions {
  scorer: Scorer
  /** Stands before the compressed contexts, never compressed. */
  instruction?: string | undefined
  /** Stands after them, never compressed. */
  question?: string | undefined
  /** Wanted share of all tokens, above 0 and at most 1. Defaults to 0.5. */
  rate?: number | undefined
  /** Wanted tokens of the contexts; takes the place of `rate`. */
  targetTokens?: number | undefined
  /** Whether contexts hold `<llmlingua, rate=0.4, compress=False>...</llmlingua>` tags. Defaults to false: tags are text. */
  structured?: boolean | undefined
  /** How contexts and sentences are ranked. Defaults to `'llmlingua'`. */
  ranking?: 'llmlingua' | 'longllmlingua' | undefined
  /**
   * Where the question stands when contexts are ranked by `'longllmlingua'`. Defaults to `'after'`; with `questionFirst` or
   * `contrast` to `'none'`, which ranks without the question, as the package does when it is told no condition.
   */
  condition?: 'none' | 'before' | 'after' | undefined
  /** Whether tokens are read after the question (a condition named `..._condition` there). Always so with `contrast`. */
  questionFirst?: boolean | undefined
  /** Whether the instruction follows the question there. Defaults to false. */
  instructionFirst?: boolean | undefined
  /** Whether tokens are valued by how much the question explains them (`condition_compare`). Defaults to false. */
  contrast?: boolean | undefined
  /** Whether the question is put after the result, and counted. Defaults to true. */
  appendQuestion?: boolean | undefined
  /** Tokens of one step of the choice of tokens (`iterative_size`). Defaults to 200. */
  segmentTokens?: number | undefined
  /** Added to the wanted tokens when contexts are chosen (`context_budget`). Defaults to 100. */
  contextBudget?: number | undefined
  /** Contexts that are always kept, by index (`force_context_ids`). Defaults to none. */
  forcedContexts?: readonly number[] | undefined
  /** Whether contexts with an uncompressed part are always kept. Defaults to true. */
  preserveUncompressed?: boolean | undefined
  /** Order of the chosen contexts. Defaults to `'original'`. */
  order?: 'original' | 'two-stage' | 'rank' | undefined
  /** How much more of the best context is kept than of the worst. Defaults to 0. */
  dynamicRatio?: number | undefined
  /** Whether whole contexts are dropped. Defaults to true. */
  filterContexts?: boolean | undefined
  /** Whether whole sentences are dropped. Defaults to false. */
  filterSentences?: boolean | undefined
  /** Whether tokens are dropped. Defaults to true. */
  filterTokens?: boolean | undefined
  /** Sentences of a text. The package asks NLTK; by default a text is cut after `.`, `!` or `?` and white space. */
  splitSentences?: ((text: string) => string[]) | undefined
  /** Wanted tokens times this for the choice of sentences. Defaults to 1.4. */
  sentenceBudgetRatio?: number | undefined
  /** First sentences that get a bonus of 100, which under `'longllmlingua'` makes them go first. Defaults to 0. */
  keepFirstSentences?: number | undefined
  /** The same for last sentences. Defaults to 0. */
  keepLastSentences?: number | undefined
  /** The same for so many sentences of lowest surprise in each context. Defaults to 0. */
  keepSentences?: number | undefined
  /** Whether doubled tokens of `splitToken` are kept. Defaults to false. */
  keepSplit?: boolean | undefined
  /** Defaults to 13, a line break in the vocabulary of Llama 2 and something else in others. */
  splitToken?: number | undefined
  /** Tokens that the model reads at most. Defaults to the scorer's `contextLength`. */
  windowTokens?: number | undefined
  /** In which tokens are reported; the package counts those of GPT-3.5. Defaults to the scorer's. */
  tokenizer?: Tokenizer | undefined
}

/** What the released program would have returned. It misses its target as that does; nothing here is a bound. */
export interface OfficialCompression {
  text: string
  /** Tokens of `text`. */
  tokens: number
  /** Tokens of all that was given, joined by blank lines. */
  originalTokens: number
  /** Tokens of the contexts that were asked for, in the tokenizer of the model. */
  requestedTokens: number
  /** The tokenizer in which `tokens` and `originalTokens` are counted. */
  tokenizer: string
}

type Given = 'scorer' | 'signal' | 'onProgress' | 'targetTokens'

/** All options but those that may be absent. */
export type ResolvedOfficialOptions = Pick<OfficialLlmLinguaOptions, Given> & {
  [Key in Exclude<keyof OfficialLlmLinguaOptions, Given | 'condition'>]-?: Exclude<
    OfficialLlmLinguaOptions[Key],
    undefined
  >
} & { condition: 'none' | 'before' | 'after' }

/** The defaults of the package. */
const defaults = {
  instruction: '',
  question: '',
  rate: 0.5,
  structured: false,
  ranking: 'llmlingua' as const,
  questionFirst: false,
  instructionFirst: false,
  contrast: false,
  appendQuestion: true,
  segmentTokens: 200,
  contextBudget: 100,
  forcedContexts: [] as readonly number[],
  preserveUncompressed: true,
  order: 'original' as const,
  dynamicRatio: 0,
  filterContexts: true,
  filterSentences: false,
  filterTokens: true,
  splitSentences: splitAfterStops,
  sentenceBudgetRatio: 1.4,
  keepFirstSentences: 0,
  keepLastSentences: 0,
  keepSentences: 0,
  keepSplit: false,
  splitToken: 13,
}

/**
 * Checks options and fills in defaults.
 * @throws InvalidArgumentError
 */
export function resolveOfficialOptions(options: OfficialLlmLinguaOptions): ResolvedOfficialOptions {
  const { scorer } = options
  checkArgument(typeof scorer?.score === 'function', 'scorer', scorer, 'a Scorer')
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const all: Omit<ResolvedOfficialOptions, 'condition'> & Pick<OfficialLlmLinguaOptions, 'condition'> = {
    ...defaults,
    windowTokens: scorer.contextLength ?? 4096,
    tokenizer: scorer.tokenizer,
    ...(given as Partial<OfficialLlmLinguaOptions>),
    scorer,
  } as never
  checkSizes(all)
  const ranking = checkOneOf(all.ranking, 'ranking', ['llmlingua', 'longllmlingua'])
  checkArgument(ranking === 'llmlingua' || all.question !== '', 'question', all.question, 'given for longllmlingua')
  checkOneOf(all.order, 'order', ['original', 'two-stage', 'rank'])
  const questionFirst = all.contrast || all.questionFirst
  const told = checkOneOf(all.condition ?? 'none', 'condition', ['none', 'before', 'after'])
  const condition = told === 'none' && !questionFirst ? 'after' : told
  return {
    ...all,
    condition: ranking === 'llmlingua' ? 'none' : condition,
    questionFirst,
  }
}

function checkSizes(all: Omit<ResolvedOfficialOptions, 'condition'>): void {
  checkNumber(all.rate, 'rate', { min: 0, max: 1 })
  checkArgument(all.rate > 0, 'rate', all.rate, 'above 0')
  if (all.targetTokens !== undefined) checkNumber(all.targetTokens, 'targetTokens', { min: 0 })
  checkInteger(all.segmentTokens, 'segmentTokens', { min: 2 })
  checkInteger(all.windowTokens, 'windowTokens', { min: 2 })
  checkNumber(all.contextBudget, 'contextBudget')
  for (const name of ['sentenceBudgetRatio', 'dynamicRatio'] as const) checkNumber(all[name], name, { min: 0 })
  for (const name of ['keepFirstSentences', 'keepLastSentences', 'keepSentences', 'splitToken'] as const)
    checkInteger(all[name], name, { min: 0 })
}

/** Cuts after a stop and white space, which is left out. */
function splitAfterStops(text: string): string[] {
  return text.split(/(?<=[.!?])\s+/).filter((sentence) => sentence !== '')
}
