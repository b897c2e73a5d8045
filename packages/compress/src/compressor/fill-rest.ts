/** @file The last of a budget: pieces that are small enough for what is left, looked for by their size and not by their rank alone. */
import { countTokens, type TokenBudget } from '@lc/model'
import type { Piece } from './piece.ts'
import type { RenderSource } from './render-kept.ts'

export interface FillRestInput {
  pieces: readonly Piece[]
  /** Higher is better, of each piece. */
  rank: Float64Array
  keptIndices: readonly number[]
  tokens: number
  budget: TokenBudget
  sources: readonly RenderSource[]
  /** The text of pieces that come in the order of `pieces`. */
  render(pieces: readonly Piece[]): string
}

/** A budget that is used as far as this is used. */
const usedShare = 0.97
/** Texts that are rendered and counted at most. */
const attempts = 96
/** A piece can take fewer tokens beside its neighbour than alone. */
const slack = 1

/** Kept pieces and those that still fit, the better ranked of one size first; pieces too large by themselves are not tried. */
export function fillRest(input: FillRestInput): Piece[] {
  const { pieces, rank, budget } = input
  const kept = new Set(input.keptIndices)
  const chosen = (): Piece[] => pieces.filter((_, index) => kept.has(index))
  let { tokens } = input
  if (tokens >= usedShare * budget.tokens || kept.size === pieces.length) return chosen()
  const sizes = pieces.map(({ passage, start, end }) => {
    // more characters than this are never so few tokens
    return end - start > 64 * (budget.tokens + 1)
      ? Number.POSITIVE_INFINITY
      : countTokens(budget.tokenizer, input.sources[passage]!.text.slice(start, end))
  })
  const order = Array.from(pieces.keys()).filter((index) => !kept.has(index))
  order.sort((a, b) => sizes[a]! - sizes[b]! || rank[b]! - rank[a]!)
  for (let attempt = 0; attempt < attempts && attempt < order.length; attempt++) {
    const index = order[attempt]!
    if (sizes[index]! > budget.tokens - tokens + slack) break
    kept.add(index)
    const count = budget.tokenizer.count(input.render(chosen()))
    if (count <= budget.tokens) tokens = count
    else kept.delete(index)
    if (tokens >= usedShare * budget.tokens) break
  }
  return chosen()
}
