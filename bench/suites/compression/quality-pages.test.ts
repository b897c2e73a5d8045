import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Row } from '../../runner/suite.ts'
import { writePages } from './quality-pages.ts'

const folder = mkdtempSync(join(tmpdir(), 'lc-pages-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function row(contestant: string, what: string, mean: number): Row {
  return { contestant, what, unit: '', value: { count: 1, min: mean, median: mean, max: mean }, detail: { mean } }
}

test('each page has the tables of its tasks, with its methods before the baselines, and the plot is drawn', () => {
  const page = '# Page\n\n<!-- measured: compression -->\n<!-- /measured -->\n\nMore.\n'
  for (const name of ['longcodezip.md', 'llmlingua.md', 'no-model.md']) writeFileSync(join(folder, name), page)
  const rows = [2, 4].flatMap((ratio) => [
    row('BM25', `callees ${ratio}x, callee recall`, 0.5),
    row('LongCodeZip', `callees ${ratio}x, callee recall`, 1 / ratio),
    row('BM25', `questions ${ratio}x, answer survives`, 1),
    row('LLMLingua', `questions ${ratio}x, answer survives`, 0.25),
  ])
  writePages(rows, 3, folder)
  const code = readFileSync(join(folder, 'longcodezip.md'), 'utf8')
  expect(code).toContain(
    '| | 2x | 4x |\n| --- | --- | --- |\n| LongCodeZip | **0.50** | 0.25 |\n| BM25 | **0.50** | **0.50** |\n',
  )
  expect(code).not.toContain('Natural Questions')
  expect(code).toContain('means over 3 records')
  expect(code.endsWith('More.\n')).toBe(true)
  expect(readFileSync(join(folder, 'llmlingua.md'), 'utf8')).toContain('| LLMLingua | 0.25 | 0.25 |')
  expect(readFileSync(join(folder, 'no-model.md'), 'utf8').match(/\| BM25 \|/g)).toHaveLength(2)
  expect(readFileSync(join(folder, 'compression-quality.svg'), 'utf8')).toContain('questions: answer survives')
})
