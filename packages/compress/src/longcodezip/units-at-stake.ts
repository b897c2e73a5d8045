/** @file Which units the fine stage has to read: those whose blocks the budget divides. */
import type { DocumentUnit } from '../documents/code-document.ts'

/** What a block can be worth per token, to one of its unit on average: relevance within the unit, and words shared with the query. */
export const blockFactorRange = { least: 0.5, most: 2, sharedTerms: 0.5 } as const
/** The fine stage looks at the most relevant units, so many budgets of them at most. */
const fineBudgets = 1.5

/** Bodies shorter than this are one block. */
export const fewestBodyLines = 5

/** Whether a unit has a body of several blocks, if its lines say so. */
export function canBeCut({ unit: { lines, header } }: DocumentUnit): boolean {
  return lines.to - Math.max(header.to, lines.from) >= fewestBodyLines
}

/**
 * The units at whose density the budget ends, give or take what blocks of one unit can differ. Denser units are kept whole however
 * their blocks compare, and of less dense ones not even the best block comes in, so that reading them again changes nothing.
 * Every unit is at stake where all are alike.
 * @param budget tokens
 * @returns indices, densest first
 */
export function unitsAtStake(units: readonly DocumentUnit[], densities: Float64Array, budget: number): number[] {
  const order = units.map((_, index) => index).sort((a, b) => densities[b]! - densities[a]! || a - b)
  const border = borderDensity(units, densities, order, budget)
  const atMost = border / blockFactorRange.least
  const atLeast = border / (blockFactorRange.most * (1 + blockFactorRange.sharedTerms))
  let left = fineBudgets * budget
  return order.filter((index) => {
    if (left <= 0) return false
    left -= units[index]!.tokens
    return densities[index]! <= atMost && densities[index]! >= atLeast
  })
}

/** The density of the unit in which the budget ends when whole units are taken, densest first. */
function borderDensity(
  units: readonly DocumentUnit[],
  densities: Float64Array,
  order: readonly number[],
  budget: number,
): number {
  let left = budget
  for (const index of order) {
    left -= units[index]!.tokens
    if (left < 0) return densities[index]!
  }
  return 0
}
