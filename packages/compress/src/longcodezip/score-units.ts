/** @file The coarse stage: which units matter for the query. The model reads each unit once; far beyond the budget BM25 chooses what it reads. */

import type { DocumentUnit } from '../documents/code-document.ts'
import { bm25 } from '../score/lexical-relevance.ts'
import type { ResolvedLongCodeZipOptions } from './options.ts'
import { type RelevanceScale, type RelevanceWithTokens, rankContexts, rankContextsWithTokens } from './rank-units.ts'

export interface UnitScores {
  /** Relevance of each unit; NaN where the model did not read it. */
  scores: Float64Array
  /** BM25 of each unit. */
  lexical: Float64Array
  /** Token ids of the query, or empty when there is nothing to ask. */
  query: Uint32Array
  /** Mean NLL of the query alone; NaN when nothing was scored. */
  alone: number
  /** Token ids of units, where they were needed. */
  ids: (Uint32Array | undefined)[]
  /** Log-probabilities of the units' own tokens, where they came with the ranking. */
  tokenLogprobs: (Float32Array | undefined)[]
  warnings: string[]
}

export interface ScoreUnitsInput {
  units: readonly DocumentUnit[]
  query: string
  scale: RelevanceScale
  /** The units whose own tokens are wanted too; none by default. */
  wantsTokens?: ((unit: DocumentUnit) => boolean) | undefined
}

const visible = /\S/

/** Ranks units; units beyond the prefilter get NaN. */
export async function scoreUnits(input: ScoreUnitsInput, options: ResolvedLongCodeZipOptions): Promise<UnitScores> {
  const { units } = input
  const warnings: string[] = []
  const text = [options.instruction, input.query].filter((part) => visible.test(part)).join('\n')
  const query = queryIds(text, options, warnings)
  const lexical = bm25(
    text,
    units.map((unit) => unit.text),
  )
  const scores = new Float64Array(units.length).fill(Number.NaN)
  const ids: (Uint32Array | undefined)[] = units.map(() => undefined)
  const tokenLogprobs: (Float32Array | undefined)[] = units.map(() => undefined)
  if (query.length === 0) return { scores, lexical, query, alone: Number.NaN, ids, tokenLogprobs, warnings }
  const chosen = prefilter(units, lexical, options)
  if (chosen.length < units.length)
    warnings.push(
      `the model read ${chosen.length} of ${units.length} units, chosen by BM25, because the input is far over the budget`,
    )
  const contexts = chosen.map((index) => options.scorer.tokenizer.encode(units[index]!.text).ids)
  const ranking = { ...options, scale: input.scale }
  const wantsTokens = (at: number): boolean => input.wantsTokens?.(units[chosen[at]!]!) === true
  const relevance = input.wantsTokens
    ? await rankContextsWithTokens(options.scorer, query, contexts, { ...ranking, wantsTokens })
    : await rankContexts(options.scorer, query, contexts, ranking)
  chosen.forEach((index, at) => {
    scores[index] = relevance.scores[at]!
    ids[index] = contexts[at]!
    if ('tokenLogprobs' in relevance) tokenLogprobs[index] = (relevance as RelevanceWithTokens).tokenLogprobs[at]
  })
  return { scores, lexical, query, alone: relevance.alone, ids, tokenLogprobs, warnings }
}

/** The end of the query that leaves half of the context to the code. */
function queryIds(text: string, options: ResolvedLongCodeZipOptions, warnings: string[]): Uint32Array {
  if (text === '') return new Uint32Array()
  const { ids } = options.scorer.tokenizer.encode(text)
  const room = Math.max(
    1,
    Math.floor(Math.min(options.scorer.contextLength ?? options.windowTokens, options.windowTokens) / 2),
  )
  if (ids.length <= room) return ids
  warnings.push(`the query has ${ids.length} tokens; relevance is scored with its last ${room}`)
  return ids.slice(ids.length - room)
}

/** Units with something in them, as many as the prefilter lets through, best BM25 first and back in order. */
function prefilter(
  units: readonly DocumentUnit[],
  lexical: Float64Array,
  options: ResolvedLongCodeZipOptions,
): number[] {
  const candidates = units.flatMap((unit, index) => (visible.test(unit.text) ? [index] : []))
  const total = candidates.reduce((sum, index) => sum + units[index]!.tokens, 0)
  const room = options.prefilter * Math.max(options.budget.tokens, 1)
  if (options.mode === 'paper' || total <= room) return candidates
  const order = [...candidates].sort((a, b) => lexical[b]! - lexical[a]! || a - b)
  const chosen: number[] = []
  let left = room
  for (const index of order) {
    // one unit larger than all the room is still read
    if (units[index]!.tokens > left && chosen.length > 0) continue
    left -= units[index]!.tokens
    chosen.push(index)
  }
  return chosen.sort((a, b) => a - b)
}
