/** @file The worth of a token of each unit, on a log scale of relevance, with priors from names. */
import type { DocumentUnit } from '../documents/code-document.ts'
import type { UnitScores } from './score-units.ts'

/** Growth of a token's worth for one standard deviation of relevance. */
const perDeviation = Math.E ** 2
/** Added relevance, in standard deviations, of a definition that the query names, and of one that a relevant unit uses. */
const namedByQuery = 1
const usedByRelevant = 0.5
/** Units at least so far above the mean pass their relevance on to what they use. */
const relevantFrom = 1.5

const identifier = /[\p{L}_$][\p{L}\p{N}_$]*/gu

/** Worth per token of each unit. Units that the model did not read come after all that it read, by BM25. */
export function unitDensities(units: readonly DocumentUnit[], { scores, lexical, query }: UnitScores): Float64Array {
  if (query.length === 0) return new Float64Array(units.length).fill(1)
  const z = standardScores(scores)
  const lexicalZ = standardScores(lexical)
  const levels = z.map((value, index) => {
    if (!Number.isNaN(value)) return value
    return -3 + 0.1 * Math.max(-1, Math.min(1, lexicalZ[index]!))
  })
  addNamePriors(units, levels, lexical)
  return levels.map((level) => perDeviation ** level)
}

/** Distances from the mean in standard deviations, cut to 3; NaN stays NaN. */
function standardScores(values: Float64Array): Float64Array {
  const known = values.filter((value) => !Number.isNaN(value))
  const mean = known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length)
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, known.length)
  const deviation = Math.sqrt(variance)
  return values.map((value) => {
    if (Number.isNaN(value)) return value
    return deviation > 0 ? Math.max(-3, Math.min(3, (value - mean) / deviation)) : 0
  })
}

function addNamePriors(units: readonly DocumentUnit[], levels: Float64Array, lexical: Float64Array): void {
  const used = new Set<string>()
  units.forEach((unit, index) => {
    if (levels[index]! >= relevantFrom) for (const [name] of unit.text.matchAll(identifier)) used.add(name)
  })
  const mostLexical = lexical.reduce((most, value) => Math.max(most, value), 0)
  units.forEach(({ unit }, index) => {
    const name = unit.name.slice(unit.name.lastIndexOf('.') + 1)
    if (levels[index]! < relevantFrom && name.length > 2 && used.has(name)) levels[index]! += usedByRelevant
    if (mostLexical > 0) levels[index]! += (namedByQuery * lexical[index]!) / mostLexical
  })
}
