/** @file The surprise of each token of a text: one forward pass per window, windows overlapping so that none starts cold. */
import type { Accuracy, CallOptions, ScoreRequest, Scorer, Span, Tokenizer } from '@lc/model'

export interface TextNllOptions extends CallOptions {
  /** Defaults to `'fast'`. */
  accuracy?: Accuracy | undefined
  /** Tokens read at once. Defaults to 2,048, within the scorer's context. */
  windowTokens?: number | undefined
  /** What stands before the first token. Defaults to `startIds(scorer)`. */
  start?: Uint32Array | undefined
}

/** Tokens of a text and how surprising each is. */
export interface TextNll {
  /** Ranges of the tokens in the text, ascending. */
  spans: Span[]
  /** Negative log-probability of each token given all before it (within the window), in nats. */
  nlls: Float64Array
}

/** The share of a window that repeats the end of the one before. */
const overlapShare = 0.25

/**
 * The token after which a text begins: the vocabulary's end-of-text token if it has one, else what the model itself puts
 * first, else a line break.
 */
export function startIds({ tokenizer }: Scorer): Uint32Array {
  return startOf(tokenizer)
}

/** As `startIds`, of a tokenizer. */
export function startOf(tokenizer: Tokenizer): Uint32Array {
  for (const name of ['<|endoftext|>', '<s>', '[BOS]']) {
    const { ids } = tokenizer.encode(name, { special: 'model' })
    if (ids.length === 1 && tokenizer.encode(name).ids.length > 1) return ids
  }
  const own = tokenizer.encode('', { special: 'model' }).ids
  return own.length > 0 ? own : tokenizer.encode('\n').ids
}

/** Scores several texts, each by itself, in one call of the scorer. */
export async function textNlls(
  scorer: Scorer,
  texts: readonly string[],
  options: TextNllOptions = {},
): Promise<TextNll[]> {
  const start = options.start ?? startIds(scorer)
  const window = Math.max(8, Math.min(scorer.contextLength ?? 2048, options.windowTokens ?? 2048) - start.length)
  const encodings = texts.map((text) => scorer.tokenizer.encode(text))
  const requests: ScoreRequest[] = []
  const targets: { text: number; from: number }[] = []
  encodings.forEach(({ ids }, text) => {
    for (let from = 0; from < ids.length; ) {
      const overlap = from === 0 ? 0 : Math.floor(window * overlapShare)
      const to = Math.min(ids.length, from + window - overlap)
      const context = Uint32Array.of(...start, ...ids.subarray(from - overlap, from))
      requests.push({ context, continuation: ids.subarray(from, to), join: 'ids' })
      targets.push({ text, from })
      from = to
    }
  })
  const { accuracy = 'fast', signal, onProgress } = options
  const results = requests.length > 0 ? await scorer.score(requests, { accuracy, signal, onProgress }) : []
  const nlls = encodings.map(({ ids }) => new Float64Array(ids.length))
  targets.forEach(({ text, from }, index) => {
    results[index]!.logprobs.forEach((logprob, at) => {
      nlls[text]![from + at] = -logprob
    })
  })
  return encodings.map(({ spans }, text) => ({ spans, nlls: nlls[text]! }))
}

/** How the values of the tokens of a piece become one. */
export type Merge = 'mean' | 'max'

/**
 * One value for each piece from the tokens whose first visible character is in it (a token often begins with the space
 * before its word); NaN for a piece that has none.
 * @param pieces ascending, disjoint
 */
export function mergeTokenValues(
  text: string,
  pieces: readonly Span[],
  tokens: { spans: readonly Span[]; values: ArrayLike<number> },
  merge: Merge,
): Float64Array {
  const merged = new Float64Array(pieces.length).fill(Number.NaN)
  const counts = new Uint32Array(pieces.length)
  let piece = 0
  tokens.spans.forEach((span, token) => {
    const start = visibleStart(text, span)
    while (piece < pieces.length && pieces[piece]!.end <= start) piece++
    const target = pieces[piece]
    const value = tokens.values[token]!
    if (!target || target.start > start || Number.isNaN(value)) return
    const before = merged[piece]!
    if (counts[piece] === 0) merged[piece] = value
    else merged[piece] = merge === 'max' ? Math.max(before, value) : before + value
    counts[piece]!++
  })
  if (merge === 'mean')
    for (let index = 0; index < merged.length; index++) if (counts[index]! > 1) merged[index]! /= counts[index]!
  return merged
}

function visibleStart(text: string, { start, end }: Span): number {
  let at = start
  while (at < end && /\s/.test(text[at]!)) at++
  return at < end ? at : start
}
