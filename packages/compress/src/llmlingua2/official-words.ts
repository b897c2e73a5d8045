/** @file Words and their probabilities, from the tokens of chunks, as the released program merges them. */
import { tokensOf, withoutStandIns } from './official-chunks.ts'
import { chunkTokens, type ResolvedOfficial2Options } from './official-options.ts'

/** A word of a chunk. */
export interface OfficialWord {
  /** In the marks of the vocabulary. */
  text: string
  /** Float32, or exactly 1 where `forced`. */
  probability: number
  /** Whether `probability` comes from being forced alone. */
  forced: boolean
  /** Without forcing; later tokens of a word take that of the first, as there. */
  unforced: number
}

const special = {
  bert: new Set(['[UNK]', '[SEP]', '[PAD]', '[CLS]', '[MASK]']),
  'xlm-roberta': new Set(['<s>', '</s>', '<unk>', '<pad>', '<mask>']),
} as const

const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'

/** The words of each chunk; all chunks go to the encoder in one call. */
export async function wordsOfChunks(
  chunks: readonly string[],
  options: ResolvedOfficial2Options,
): Promise<OfficialWord[][]> {
  if (chunks.length === 0) return []
  const { classifier, signal, onProgress } = options
  const { tokenizer } = classifier
  const unknown = tokenizer.idOf(options.family === 'bert' ? '[UNK]' : '<unk>') ?? 0
  // the program puts the marks of BERT around the text of any family; where a vocabulary lacks them, its unknown token stands there
  const framed = chunks.map((chunk) => ['[CLS]', ...tokensOf(chunk, options), '[SEP]'].slice(0, chunkTokens))
  const ids = framed.map((tokens) => Uint32Array.from(tokens, (token) => tokenizer.idOf(token) ?? unknown))
  const results = await classifier.classify(ids, { signal, onProgress, special: 'none' })
  return results.map(({ logits }, index) => {
    const names = Array.from(ids[index]!, (id) => tokenizer.tokenOf(id) ?? '')
    return mergeTokens(names, keepProbabilities(logits, classifier.labels.length), options)
  })
}

/** Softmax at the second label, in float32. */
function keepProbabilities(logits: Float32Array, labels: number): Float32Array {
  return Float32Array.from({ length: logits.length / labels }, (_, token) => {
    const row = logits.subarray(token * labels, (token + 1) * labels)
    return 1 / row.reduce((sum, logit) => sum + Math.exp(logit - row[1]!), 0)
  })
}

interface TokenValue {
  probability: number
  forced: boolean
}

function mergeTokens(
  tokens: readonly string[],
  probabilities: Float32Array,
  options: ResolvedOfficial2Options,
): OfficialWord[] {
  const words: { text: string; values: TokenValue[]; unforced: number[] }[] = []
  tokens.forEach((token, at) => {
    if (special[options.family].has(token)) return
    const probability = probabilities[at]!
    const pure = pureToken(token, options)
    const last = words.at(-1)
    if (last && !beginsWord(token, options)) {
      last.text += pure
      last.values.push(tokenValue(token, probability, false, options))
      last.unforced.push(last.unforced[0]!)
      return
    }
    const text = withoutStandIns(token, options)
    const forced = isForced(pure, options)
    words.push({ text, values: [tokenValue(text, probability, forced, options)], unforced: [probability] })
  })
  return words.map(({ text, values, unforced }) => ({
    text,
    ...merge(values, options.merge),
    unforced: options.merge === 'first' ? unforced[0]! : meanFloat32(unforced),
  }))
}

function tokenValue(
  token: string,
  probability: number,
  forced: boolean,
  { keepDigits }: ResolvedOfficial2Options,
): TokenValue {
  return forced || (keepDigits && /\p{Nd}/u.test(token))
    ? { probability: 1, forced: true }
    : { probability, forced: false }
}

function merge(values: readonly TokenValue[], how: 'mean' | 'first'): TokenValue {
  if (how === 'first') return values[0]!
  if (values.every(({ forced }) => forced)) return { probability: 1, forced: true }
  return { probability: meanFloat32(values.map(({ probability }) => probability)), forced: false }
}

/** A mean as sums of float32 give it. */
export function meanFloat32(values: readonly number[]): number {
  return Math.fround(values.reduce((sum, value) => Math.fround(sum + value), 0) / values.length)
}

function pureToken(token: string, { family }: ResolvedOfficial2Options): string {
  return family === 'bert' ? token.replace(/^#+/, '') : token.replace(/^▁+/, '')
}

function isForced(pure: string, { forcedTokens, standIns }: ResolvedOfficial2Options): boolean {
  return forcedTokens.includes(pure) || [...standIns.values()].includes(pure)
}

function beginsWord(token: string, options: ResolvedOfficial2Options): boolean {
  if (options.family === 'bert') return isForced(pureToken(token, options), options) || !token.startsWith('##')
  return punctuation.includes(token) || isForced(token, options) || token.startsWith('▁')
}
