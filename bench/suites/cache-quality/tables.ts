/** @file The means as Markdown. */
import type { ContinuationMean, PositionMean, RetrievalMean } from './averages.ts'

const percent = (value: number): string => `${(100 * value).toFixed(0)} %`
const shareName = (share: number): string => `${100 * share} %`
const ascending = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b)

/** One table for each length; the closest to the full cache first. */
export function continuationTables(means: readonly ContinuationMean[]): string {
  return ascending(means.map(({ length }) => length))
    .map((length) => continuationTable(means.filter((each) => each.length === length)))
    .join('\n\n')
}

function continuationTable(means: readonly ContinuationMean[]): string {
  const full = means.find(({ policy }) => policy === 'full')!
  const own = means.filter(({ policy }) => policy !== 'full')
  const shares = ascending(own.map(({ share }) => share)).reverse()
  const detailed = shares.includes(0.25) ? 0.25 : shares[0]!
  const at = (policy: string, share: number) => own.find((each) => each.policy === policy && each.share === share)!
  const policies = [...new Set(own.map(({ policy }) => policy))].sort(
    (a, b) => at(a, detailed).divergence - at(b, detailed).divergence,
  )
  const rows = policies.map((policy) => {
    const cells = shares.map((share) => {
      const { divergence, agreement } = at(policy, share)
      return `${divergence.toFixed(3)} (${percent(agreement)})`
    })
    const { nll, memory, time, lowestAgreement, seconds } = at(policy, detailed)
    const change = nll - full.nll
    const details = [
      `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(3)}`,
      percent(lowestAgreement),
      percent(memory),
      ...(time === null ? [] : [percent(time)]),
      `${seconds.toFixed(1)} s`,
    ]
    return [policy, ...cells, ...details]
  })
  const heads = ['lowest agreement', 'memory', ...(full.time === null ? [] : ['time a token']), 'choosing']
  return [
    `**${full.length.toLocaleString('en')} tokens** (${full.texts} ${full.texts === 1 ? 'text' : 'texts'}; NLL of the full cache ${full.nll.toFixed(3)}; columns from NLL on at ${shareName(detailed)})`,
    '',
    table(['policy', ...shares.map(shareName), 'NLL', ...heads], rows),
  ].join('\n')
}

const protocols = [
  ['query-agnostic', 'asked after'],
  ['query-aware', 'known before'],
] as const

/** One table for each length and share; the surest answers to questions asked after the cut first. */
export function retrievalTables(means: readonly RetrievalMean[]): string {
  const lengths = ascending(means.map(({ length }) => length))
  return lengths
    .flatMap((length) => {
      const own = means.filter((each) => each.length === length)
      const shares = ascending(own.filter(({ policy }) => policy !== 'full').map(({ share }) => share)).reverse()
      return shares.map((share) => retrievalTable(own, length, share))
    })
    .join('\n\n')
}

function retrievalTable(own: readonly RetrievalMean[], length: number, share: number): string {
  const shown = own.filter((each) => each.policy === 'full' || each.share === share)
  const sets = [...new Set(shown.map(({ set }) => set))]
  const columns = sets.flatMap((set) => protocols.map(([protocol, name]) => ({ set, protocol, name })))
  const at = (policy: string, column: { set: string; protocol: string }) =>
    shown.find((each) => each.policy === policy && each.set === column.set && each.protocol === column.protocol)
  const surprise = (policy: string): number => {
    const cells = columns
      .filter(({ protocol }) => protocol === 'query-agnostic')
      .map((column) => at(policy, column)?.nll ?? 0)
    return policy === 'full' ? -1 : cells.reduce((sum, nll) => sum + nll, 0)
  }
  const policies = [...new Set(shown.map(({ policy }) => policy))].sort((a, b) => surprise(a) - surprise(b))
  const rows = policies.map((policy) => [
    policy,
    ...columns.map((column) => {
      const cell = at(policy, column)
      return cell ? `${cell.right} of ${cell.questions} (${cell.nll.toFixed(2)})` : ''
    }),
  ])
  const title = `**${length.toLocaleString('en')} tokens, ${shareName(share)} kept**`
  return [title, '', table(['policy', ...columns.map(({ set, name }) => `${set}, ${name}`)], rows)].join('\n')
}

/** Schemes by row, lengths by column. */
export function positionTable(means: readonly PositionMean[], trained: number): string {
  const times = ascending(means.map((each) => each.times))
  const schemes = [...new Set(means.map(({ scheme }) => scheme))]
  const rows = schemes.map((scheme) => [
    scheme,
    ...times.map((each) => {
      const cell = means.find((mean) => mean.scheme === scheme && mean.times === each)
      return cell ? `${cell.nll.toFixed(2)}; ${cell.right} of ${cell.questions} (${cell.answerNll.toFixed(2)})` : ''
    }),
  ])
  const heads = times.map((each) => `${each}x (${(each * trained).toLocaleString('en')} tokens)`)
  return table(['positions', ...heads], rows)
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}
