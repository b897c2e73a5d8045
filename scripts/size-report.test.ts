import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sizeReport, sizeRow } from './size-report.ts'

test('lines, quantiles and the comment share of a group', () => {
  const text = (lines: number) => 'code\n'.repeat(lines)
  const files = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((lines) => ({ path: `${lines}.ts`, text: text(lines) }))
  files[0]!.text = '// a comment\n\ncode without an end'
  const row = sizeRow('group', files)
  expect(row).toMatchObject({ files: 10, lines: 147, median: 6, p90: 100, longest: 100, longestFile: '100.ts' })
  expect(row.commentShare).toBeCloseTo(1 / 146)
})

test('an empty group has no sizes', () => {
  expect(sizeRow('none', [])).toMatchObject({ files: 0, lines: 0, median: 0, longest: 0, commentShare: 0 })
})

test('the report tells sources and tests of each package apart', () => {
  const groups = sizeReport(join(import.meta.dirname, '..')).map((row) => row.group)
  expect(groups).toEqual(expect.arrayContaining(['model', 'model tests', 'scripts', 'scripts tests']))
})
