import type { Measurement } from './interleave.ts'
import { summarise } from './statistics.ts'
import type { Row } from './suite.ts'

/** Tokens per second of each measurement; `tokensOf` reads how many tokens a task has from its name. */
export function throughputRows(
  measurements: readonly Measurement[],
  tokensOf: (what: string) => number,
  versions: Record<string, string>,
): Row[] {
  return measurements.map(({ contestant, what, responses }) => {
    const nll = responses.at(-1)?.nll
    const version = versions[contestant]
    return {
      contestant,
      what,
      unit: 'tokens/s',
      value: summarise(responses.map(({ ms, steps }) => ((steps ?? tokensOf(what)) * 1000) / ms!)),
      detail: {
        ...(nll === undefined ? {} : { NLL: Number(nll.toFixed(4)) }),
        ...(version ? { version } : {}),
        ...responses.at(-1)?.detail,
      },
    }
  })
}

/** Gives each row of lc its ratio to each reference of the same task. */
export function withRatios(rows: readonly Row[], references: readonly string[]): Row[] {
  return rows.map((row) => {
    if (!row.contestant.startsWith('lc')) return row
    const ratios = references.flatMap((to) => {
      const reference = rows.find((other) => other.contestant === to && other.what === row.what)
      return reference ? [{ to, value: row.value.median / reference.value.median }] : []
    })
    return ratios.length > 0 ? { ...row, ratios } : row
  })
}
