/** @file Random trees with random rules are walked as git lists them. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { walkFolder } from './walk-folder.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'lc-rules-'))
  execFileSync('git', ['init', '-q'], { cwd: root })
})
afterAll(() => rmSync(root, { recursive: true }))

const folderName = fc.constantFrom('a', 'b', 'build')
const fileName = fc.constantFrom('a', 'b', 'x.ts', 'y.log', 'z.min')
const path = fc
  .tuple(fc.array(folderName, { maxLength: 3 }), fileName)
  .map(([folders, file]) => [...folders, `f-${file}`].join('/'))
const pattern = fc
  .tuple(
    fc.constantFrom('', '!', '!'),
    fc.constantFrom('', '/', '**/'),
    fc.constantFrom(
      'a',
      'b',
      'build',
      'f-a',
      'f-*',
      '*.log',
      '*.ts',
      'f-?',
      'a/b',
      'a/*',
      'a/**',
      '**/b',
      '[ab]',
      '*',
      '[!a]',
      'f-[[:alpha:]]',
      'f-[^x]*',
      '\\f-a',
      'f**',
      'a/**/f-a',
      'f\\-[a-z]',
      '[',
      'f-a ',
      'a\\',
      '#',
      'f-[]x]',
    ),
    fc.constantFrom('', '/', ''),
  )
  .map((parts) => parts.join(''))
const ruleFile = fc.tuple(fc.array(folderName, { maxLength: 2 }), fc.array(pattern, { minLength: 1, maxLength: 4 }))

function write(name: string, text: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true })
  writeFileSync(join(root, name), text)
}

test('as git lists them', async () => {
  const numRuns = Number(process.env.LC_PROPERTY_RUNS ?? 60)
  await fc.assert(
    fc.asyncProperty(
      fc.array(path, { minLength: 1, maxLength: 12 }),
      fc.array(ruleFile, { minLength: 1, maxLength: 3 }),
      async (paths, rules) => {
        for (const name of readdirSync(root)) if (name !== '.git') rmSync(join(root, name), { recursive: true })
        for (const name of paths) write(name, 'x')
        for (const [folders, patterns] of rules) write([...folders, '.gitignore'].join('/'), patterns.join('\n'))
        const listing = execFileSync('git', ['ls-files', '--others', '--exclude-standard', '-z'], { cwd: root })
        const expected = listing.toString().split('\0').filter(Boolean).sort()
        expect((await walkFolder(root)).files.map((file) => file.name)).toEqual(expected)
      },
    ),
    { numRuns },
  )
})
