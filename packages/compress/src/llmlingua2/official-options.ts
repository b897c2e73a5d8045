/** @file What the released program of LLMLingua-2 can be told, in our words. */
import type { CallOptions, TokenClassifier, Tokenizer } from '@lc/model'
import { checkArgument, checkInteger, checkNumber, checkOneOf } from '@lc/model/check'

/** A tokenizer whose tokens can be read, such as those of `@lc/core`. */
export interface VocabularyTokenizer extends Tokenizer {
  idOf(token: string): number | undefined
  tokenOf(id: number): string | undefined
  /** Recognises special tokens in the text and adds none. */
  encodeRendered(text: string): { ids: Uint32Array }
}

/** An encoder whose vocabulary can be read. */
export interface VocabularyClassifier extends TokenClassifier {
  readonly tokenizer: VocabularyTokenizer
}

/** Options of `officialLlmLingua2`. The defaults are those of the package `llmlingua` 0.2.2. */
export interface OfficialLlmLingua2Options extends CallOptions {
  classifier: VocabularyClassifier
  /** The program tells the family by the name of the model's folder; by default it is told by `[CLS]` in the vocabulary. */
  family?: 'bert' | 'xlm-roberta' | undefined
  /** Wanted share, above 0 and at most 1. Defaults to 0.5. */
  rate?: number | undefined
  /** Wanted tokens; takes the place of `rate`. */
  targetTokens?: number | undefined
  /** Whether whole contexts are dropped where there are several. Defaults to true. */
  filterContexts?: boolean | undefined
  /** Whether words are dropped. Defaults to true. */
  filterTokens?: boolean | undefined
  /** Wanted contexts. */
  targetContexts?: number | undefined
  /** Wanted share of contexts. Defaults to 1, which with `filterContexts` means half way from `rate` to 1. */
  contextRate?: number | undefined
  /** Wanted tokens of the contexts that stay. */
  contextTargetTokens?: number | undefined
  /** Contexts that are always kept, by index. Defaults to none. */
  forcedContexts?: readonly number[] | undefined
  /** How the probabilities of a word's tokens become one. Defaults to `'mean'`. */
  merge?: 'mean' | 'first' | undefined
  /** Tokens that stay. One that is not a single token of the model needs `[NEW0]`, `[NEW1]`, ... in the vocabulary. Defaults to none. */
  forcedTokens?: readonly string[] | undefined
  /** Whether tokens with a digit stay. Defaults to false. */
  keepDigits?: boolean | undefined
  /** Whether forced tokens with nothing between them are dropped. Defaults to false. */
  dropConsecutive?: boolean | undefined
  /** Tokens after which a text may be cut into chunks. Defaults to `['.', '\n']`. */
  chunkEnds?: readonly string[] | undefined
  /** In which tokens words are weighed and reported; the package counts those of GPT-3.5. Defaults to the classifier's. */
  tokenizer?: Tokenizer | undefined
}

/** What the released program would have returned. It misses its target as that does; nothing here is a bound. */
export interface OfficialCompression2 {
  /** The compressed contexts, joined by blank lines. */
  text: string
  contexts: string[]
  /** Tokens of the compressed contexts. */
  tokens: number
  /** Tokens of the contexts given. */
  originalTokens: number
  /** The share that was asked of the words of the contexts that stayed. */
  requestedRate: number
  /** The tokenizer in which tokens are counted. */
  tokenizer: string
}

/** Tokens that are read at once, those around the text included. */
export const chunkTokens = 512

export interface ResolvedOfficial2Options extends CallOptions {
  classifier: VocabularyClassifier
  family: 'bert' | 'xlm-roberta'
  rate: number
  /** Below 0 for none, as in the package. */
  targetTokens: number
  filterContexts: boolean
  filterTokens: boolean
  targetContexts: number
  contextRate: number
  contextTargetTokens: number
  forcedContexts: readonly number[]
  merge: 'mean' | 'first'
  forcedTokens: readonly string[]
  /** Stand-ins in the vocabulary for forced tokens that are not in it. */
  standIns: ReadonlyMap<string, string>
  keepDigits: boolean
  dropConsecutive: boolean
  chunkEnds: ReadonlySet<string>
  tokenizer: Tokenizer
}

/**
 * Checks options and fills in defaults.
 * @throws InvalidArgumentError
 */
export function resolveOfficial2Options(options: OfficialLlmLingua2Options): ResolvedOfficial2Options {
  const { classifier, signal, onProgress, forcedTokens = [] } = options
  checkArgument(typeof classifier?.classify === 'function', 'classifier', classifier, 'a TokenClassifier')
  checkArgument(
    typeof classifier.tokenizer.tokenOf === 'function' && typeof classifier.tokenizer.idOf === 'function',
    'classifier.tokenizer',
    classifier.tokenizer.id,
    'a tokenizer whose tokens can be read',
  )
  const family = classifier.tokenizer.idOf('[CLS]') === undefined ? 'xlm-roberta' : 'bert'
  const standIns = findStandIns(classifier.tokenizer, forcedTokens)
  const chunkEnds = options.chunkEnds ?? ['.', '\n']
  return {
    classifier,
    signal,
    onProgress,
    forcedTokens,
    standIns,
    family: checkOneOf(options.family ?? family, 'family', ['bert', 'xlm-roberta']),
    ...resolveTargets(options),
    ...resolveSwitches(options),
    chunkEnds: new Set([...chunkEnds, ...chunkEnds.flatMap((token) => standIns.get(token) ?? [])]),
    tokenizer: options.tokenizer ?? classifier.tokenizer,
  }
}

function resolveTargets(options: OfficialLlmLingua2Options) {
  const rate = checkNumber(options.rate ?? 0.5, 'rate', { min: 0, max: 1 })
  checkArgument(rate > 0, 'rate', rate, 'above 0')
  return {
    rate,
    targetTokens:
      options.targetTokens === undefined ? -1 : checkNumber(options.targetTokens, 'targetTokens', { min: 0 }),
    targetContexts:
      options.targetContexts === undefined ? -1 : checkInteger(options.targetContexts, 'targetContexts', { min: 0 }),
    contextRate: checkNumber(options.contextRate ?? 1, 'contextRate', { min: 0, max: 1 }),
    contextTargetTokens:
      options.contextTargetTokens === undefined
        ? -1
        : checkNumber(options.contextTargetTokens, 'contextTargetTokens', { min: 0 }),
    merge: checkOneOf(options.merge ?? 'mean', 'merge', ['mean', 'first']),
  }
}

function resolveSwitches(options: OfficialLlmLingua2Options) {
  return {
    filterContexts: options.filterContexts ?? true,
    filterTokens: options.filterTokens ?? true,
    forcedContexts: options.forcedContexts ?? [],
    keepDigits: options.keepDigits ?? false,
    dropConsecutive: options.dropConsecutive ?? false,
  }
}

/** `[NEWi]` for each forced token, by its place, that is not one token. */
function findStandIns(tokenizer: VocabularyTokenizer, forced: readonly string[]): Map<string, string> {
  const standIns = new Map<string, string>()
  forced.forEach((token, place) => {
    if (tokenizer.encodeRendered(token).ids.length === 1) return
    const name = `[NEW${place}]`
    const known = tokenizer.idOf(name) !== undefined
    checkArgument(known, 'forcedTokens', token, `single tokens of the model, or ${name} in its vocabulary`)
    standIns.set(token, name)
  })
  return standIns
}
