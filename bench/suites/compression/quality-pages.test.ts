import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Row } from '../../runner/suite.ts'
import { writePages } from './quality-pages.ts'

const folder = mkdtempSync(join(tmpdir(), 'lc-pages-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function row(contestant: string, what: string, mean: number): Row {
  const value = { count: 3, min: mean, median: mean, max: mean }
  return { contestant, what, unit: '', value, detail: { mean, 'standard error': 0.1, records: 3 } }
}

test('each page has the tables of its tasks, with its methods before the baselines, and the plot is drawn', () => {
  const page = '# Page\n\n<!-- measured: compression -->\n<!-- /measured -->\n\nMore.\n'
  const names = ['longcodezip.md', 'llmlingua.md', 'no-model.md']
  for (const name of names) writeFileSync(join(folder, name), page)
  const overview = `${page}<!-- measured: compression-budgets -->\n<!-- /measured -->\n`
  writeFileSync(join(folder, 'choosing-a-compressor.md'), overview)
  const rows = [2, 4].flatMap((ratio) => [
    row('BM25', `callees ${ratio}x, callee recall`, 0.5),
    row('LongCodeZip', `callees ${ratio}x, callee recall`, 1 / ratio),
    row('LongCodeZip', `callees ${ratio}x, budget used`, 1 - ratio / 100),
    row('BM25', `questions ${ratio}x, surprise of gold`, 1),
    row('no context', `questions ${ratio}x, surprise of gold`, 0.1),
    row('LLMLingua', `questions ${ratio}x, surprise of gold`, 0.25),
  ])
  writePages([...rows, row('LLMLingua, official', 'questions 4x, surprise of gold', 2)], 3, folder)
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const code = read('longcodezip.md')
  expect(code).toContain(
    '| | 2x | 4x |\n| --- | --- | --- |\n| LongCodeZip | **0.50** | 0.25 |\n| BM25 | **0.50** | **0.50** |\n',
  )
  expect(code).not.toContain('Natural Questions')
  expect(code).toContain('Means over 3 functions, standard errors up to 0.10.')
  expect(code.endsWith('More.\n')).toBe(true)
  expect(read('llmlingua.md')).toContain('| LLMLingua | **0.25** | **0.25** |\n| LLMLingua, official | - | 2.00 |')
  expect(read('llmlingua.md')).toContain('| no context | 0.10 | 0.10 |')
  expect(read('no-model.md').match(/\| BM25 \|/g)).toHaveLength(2)
  expect(read('choosing-a-compressor.md')).toContain('| LongCodeZip | 97.0 % | 96.0 % to 98.0 % |')
  expect(read('compression-quality.svg')).toContain('questions: surprise of gold, less is better')
})
