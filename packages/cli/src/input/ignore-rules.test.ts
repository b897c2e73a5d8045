import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { walkFolder } from './walk-folder.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lc-ignore-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function files(table: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(table)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
}

async function walked(folder = root): Promise<string[]> {
  return (await walkFolder(folder)).files.map((file) => file.name)
}

/** What git itself would list: tracked or untracked, and not ignored. */
function listedByGit(): string[] {
  const listing = execFileSync('git', ['ls-files', '--others', '--cached', '--exclude-standard', '-z'], { cwd: root })
  return listing.toString().split('\0').filter(Boolean).sort()
}

test('a tree with nested rules, negations and anchors is walked as git lists it', async () => {
  execFileSync('git', ['init', '-q'], { cwd: root })
  await files({
    '.gitignore': [
      '# comment',
      'build/',
      '*.log',
      '!keep.log',
      '/only-root.txt',
      'docs/**/*.pdf',
      'a/b/',
      '\\#hash',
      'sp ace ',
    ].join('\n'),
    'build/out.ts': 'x',
    'src/build/out.ts': 'x',
    'src/a.ts': 'x',
    'src/a.log': 'x',
    'src/keep.log': 'x',
    'only-root.txt': 'x',
    'src/only-root.txt': 'x',
    'docs/x/y/z.pdf': 'x',
    'docs/z.pdf': 'x',
    'docs/z.md': 'x',
    'a/b/c.ts': 'x',
    'a/c.ts': 'x',
    'x/a/b/c.ts': 'x',
    '#hash': 'x',
    'sp ace': 'x',
    'nested/.gitignore': '*.tmp\n!important.tmp\n/local\n*.log\n',
    'nested/a.tmp': 'x',
    'nested/important.tmp': 'x',
    'nested/local/f.ts': 'x',
    'nested/deep/local/f.ts': 'x',
    'nested/keep.log': 'x',
    'nested/deep/.gitignore': '!a.tmp\n',
    'nested/deep/a.tmp': 'x',
    'nested/deep/b.tmp': 'x',
    'z.TS': 'x',
    'Ä.ts': 'x',
  })
  const names = await walked()
  expect(names).toEqual(listedByGit())
  expect(names).toContain('nested/deep/a.tmp')
  expect(names).not.toContain('nested/keep.log')
})

test('rules above the folder hold within the repository, and .git/info/exclude too', async () => {
  execFileSync('git', ['init', '-q'], { cwd: root })
  await files({
    '.gitignore': '*.gen.ts\n/packages/a/private\n',
    'packages/a/x.gen.ts': 'x',
    'packages/a/x.ts': 'x',
    'packages/a/private/y.ts': 'x',
    'packages/a/notes.me': 'x',
  })
  await writeFile(join(root, '.git', 'info', 'exclude'), '*.me\n')
  expect(await walked(join(root, 'packages', 'a'))).toEqual(['x.ts'])
})

test('a folder that is itself ignored is walked when it is named', async () => {
  execFileSync('git', ['init', '-q'], { cwd: root })
  await files({ '.gitignore': 'dist/\n', 'dist/a.js': 'x', 'src/b.js': 'x' })
  expect(await walked()).toEqual(['.gitignore', 'src/b.js'])
  expect(await walked(join(root, 'dist'))).toEqual(['a.js'])
})

test('without a repository the rules in the folder hold and those above do not', async () => {
  await files({ '.gitignore': '*.ts\n', 'in/.gitignore': 'b.*\n', 'in/a.ts': 'x', 'in/b.ts': 'x' })
  expect(await walked(join(root, 'in'))).toEqual(['.gitignore', 'a.ts'])
})

test('a .gitignore that is a link is not an escape, and an unreadable pattern is harmless', async () => {
  await files({ 'a.ts': 'x', 'sub/.gitignore': '[\n\\\n**/**\n', 'sub/b.ts': 'x' })
  await symlink('/etc/passwd', join(root, 'link.ts'))
  const { files: found, skipped } = await walkFolder(root)
  expect(found.map((file) => file.name)).toContain('a.ts')
  expect(skipped).toEqual([{ name: 'link.ts', reason: 'a link out of the folder' }])
})
