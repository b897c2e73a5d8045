import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderTable } from './render-table.ts'
import type { SuiteResult } from './suite.ts'

const root = join(import.meta.dirname, '..', 'suites')

/** Records a result as JSON beside its suite and renders the latest results of all suites into `bench/README.md`. */
export function writeResult(result: SuiteResult): void {
  const folder = join(root, result.suite, 'results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${result.date.slice(0, 10)}.json`), `${JSON.stringify(result, null, 2)}\n`)
  const readme = join(root, '..', 'README.md')
  const head = readFileSync(readme, 'utf8').split('<!-- results -->')[0]!
  const tables = readdirSync(root).flatMap((suite) => latestResult(join(root, suite, 'results')))
  writeFileSync(readme, `${head}<!-- results -->\n\n${tables.map(renderTable).join('\n\n')}\n`)
}

function latestResult(folder: string): SuiteResult[] {
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  } catch {
    return []
  }
  const newest = names.sort().at(-1)
  return newest ? [JSON.parse(readFileSync(join(folder, newest), 'utf8')) as SuiteResult] : []
}
