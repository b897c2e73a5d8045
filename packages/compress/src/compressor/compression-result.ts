import type { Passage, Span } from '@lc/model'

/** What became of a unit: `'skeleton'` is its signature alone. */
export type UnitState = 'whole' | 'part' | 'skeleton' | 'dropped'

/** A unit of the input and what was kept of it. Offsets are in the text of the passage that was given. */
export interface CompressedUnit {
  /** Names the unit in `expand`. */
  id: string
  passageId: string
  /** The passage's source address. */
  source: string
  kind: string
  /** Qualified name; empty for a unit without one. */
  name: string
  start: number
  end: number
  /** Tokens of the unit, in the budget's tokenizer. */
  tokens: number
  keptTokens: number
  /** Relevance to the query, higher is better; null where it was not scored. */
  score: number | null
  state: UnitState
  /** The kept ranges inside the unit. */
  kept: Span[]
}

/** A stretch of the output and where it came from. */
export interface KeptSpan {
  /** In the result's `text`. */
  output: Span
  passageId: string
  /** In the text of the passage that was given. */
  source: Span
}

/** The outcome of a compression: the text, where all of it came from, and what was left out. */
export interface CompressionResult {
  /** The passages joined, with titles and markers; at most `budget` tokens. */
  text: string
  /** What is left of each passage, with links to its source. Passages of which nothing is left are absent. */
  passages: Passage[]
  units: CompressedUnit[]
  /** All characters of `text` that come from the input; the others are titles and markers. */
  spans: KeptSpan[]
  /** Tokens of `text`. */
  tokens: number
  /** Tokens of the input, rendered in the same way. */
  originalTokens: number
  /** The budget asked for. */
  budget: number
  /** The tokenizer in which all tokens are counted. */
  tokenizer: string
  method: string
  seconds: number
  /** Seconds of each step. */
  timings: Record<string, number>
  /** What the caller should know, such as a query cut to the model's context. */
  warnings: string[]
  /**
   * The whole original text of a unit or passage.
   * @throws InvalidArgumentError for an id that the result does not have
   */
  expand(id: string): string
}
