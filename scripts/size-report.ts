/** @file How long our files are: source and test files of each package apart, with the longest of them. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesBelow, workspacePackages } from './workspace-packages.ts'

/** Line counts of a group of files. */
export interface SizeRow {
  group: string
  files: number
  lines: number
  median: number
  p90: number
  longest: number
  longestFile: string
  /** Comment lines over lines that are not blank. */
  commentShare: number
}

/** Statistics of files given as path and text. */
export function sizeRow(group: string, files: readonly { path: string; text: string }[]): SizeRow {
  const sized = files
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) }))
    .sort((a, b) => a.lines - b.lines)
  const at = (share: number) => sized[Math.min(sized.length - 1, Math.floor(share * sized.length))]?.lines ?? 0
  const written = files.flatMap(({ text }) => text.split('\n')).filter((line) => line.trim() !== '')
  const comments = written.filter((line) => /^\s*(\/\/|\/\*|\*)/.test(line)).length
  return {
    group,
    files: sized.length,
    lines: sized.reduce((sum, file) => sum + file.lines, 0),
    median: at(0.5),
    p90: at(0.9),
    longest: sized.at(-1)?.lines ?? 0,
    longestFile: sized.at(-1)?.path ?? '',
    commentShare: written.length === 0 ? 0 : comments / written.length,
  }
}

/** The rows of the report: each package's sources and tests, then the other folders. */
export function sizeReport(root: string): SizeRow[] {
  const isTest = (path: string) => /\.test(-d)?\.ts$/.test(path)
  const read = (folder: string) =>
    filesBelow(folder, ['.ts']).map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }))
  const groups = workspacePackages(root).map((one) => [one.name, read(join(one.folder, 'src'))] as const)
  const others = ['examples', 'bench', 'scripts', 'tests'].map((name) => [name, read(join(root, name))] as const)
  return [...groups, ...others].flatMap(([name, files]) =>
    [
      sizeRow(
        name,
        files.filter((file) => !isTest(file.path)),
      ),
      sizeRow(
        `${name} tests`,
        files.filter((file) => isTest(file.path)),
      ),
    ].filter((row) => row.files > 0),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write('group              files   lines  median  p90  longest  comments  longest file\n')
  for (const row of sizeReport(process.cwd())) {
    const numbers = [row.files, row.lines, row.median, row.p90, row.longest]
    const widths = [6, 8, 8, 5, 9]
    const cells = numbers.map((number, column) => String(number).padStart(widths[column]!)).join('')
    const share = `${Math.round(100 * row.commentShare)} %`.padStart(10)
    process.stdout.write(`${row.group.padEnd(18)}${cells}${share}  ${row.longestFile}\n`)
  }
}
