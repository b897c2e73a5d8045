import type { SuiteResult } from './suite.ts'

const figure = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3))

/** The table of a result as Markdown. */
export function renderTable(result: SuiteResult): string {
  const lines = [
    `### ${result.title}`,
    '',
    `${result.machine.processor}, ${result.machine.cores} cores, ${result.machine.instructions.join(' ')}, Node ${result.machine.node}; commit ${result.commit}, ${result.date.slice(0, 10)}. \`${result.command ?? `npm run bench -- --suite ${result.suite}`}\``,
    '',
    '| contestant | what | median | min to max | ratios | detail |',
    '| --- | --- | --- | --- | --- | --- |',
    ...result.rows.map((row) => {
      const ratios = (row.ratios ?? []).map(({ to, value }) => `${value.toFixed(2)}x ${to}`)
      const detail = Object.entries(row.detail ?? {}).map(
        ([key, value]) => `${key} ${typeof value === 'number' ? figure(value) : value}`,
      )
      return `| ${row.contestant} | ${row.what} | ${figure(row.value.median)} ${row.unit} | ${figure(row.value.min)} to ${figure(row.value.max)} (${row.value.count}) | ${ratios.join(', ')} | ${detail.join(', ')} |`
    }),
    '',
    ...result.absent.map(({ contestant, reason }) => `Not run: ${contestant} (${reason}).`),
    ...(result.notes ?? []),
  ]
  return lines.join('\n')
}
