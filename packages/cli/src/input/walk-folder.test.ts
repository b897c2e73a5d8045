import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { walkFolder } from './walk-folder.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lc-walk-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function files(table: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, text] of Object.entries(table)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
}

test('names are sorted by code units over the whole tree, whatever the order on disk', async () => {
  await files({ 'b.ts': 'x', 'a/z.ts': 'x', 'a.ts': 'x', 'B.ts': 'x', 'a-b.ts': 'x', 'é.ts': 'x' })
  const { files: found } = await walkFolder(root)
  expect(found.map((file) => file.name)).toEqual(['B.ts', 'a-b.ts', 'a.ts', 'a/z.ts', 'b.ts', 'é.ts'])
})

test('lock files, minified files, source maps, large files and installed packages are listed as left out', async () => {
  await files({
    'package-lock.json': '{}',
    'sub/Cargo.lock': '',
    'app.min.js': 'x',
    'app.js.map': '{}',
    'node_modules/x/index.js': 'x',
    'large.ts': 'x'.repeat(1_000_001),
    'limit.ts': 'x'.repeat(1_000_000),
    'a.ts': 'x',
  })
  const { files: found, skipped } = await walkFolder(root)
  expect(found.map((file) => file.name)).toEqual(['a.ts', 'limit.ts'])
  expect(skipped).toEqual([
    { name: 'app.js.map', reason: 'source map' },
    { name: 'app.min.js', reason: 'minified' },
    { name: 'large.ts', reason: 'larger than 1 MB (1.0 MB)' },
    { name: 'node_modules/', reason: 'installed packages' },
    { name: 'package-lock.json', reason: 'lock file' },
    { name: 'sub/Cargo.lock', reason: 'lock file' },
  ])
})

test('links are never followed: neither out of the folder nor in circles', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'lc-outside-'))
  try {
    await writeFile(join(outside, 'secret.ts'), 'secret')
    await files({ 'in/a.ts': 'x' })
    await symlink(outside, join(root, 'away'))
    await symlink(join(outside, 'secret.ts'), join(root, 'secret.ts'))
    await symlink(root, join(root, 'in', 'circle'))
    await symlink(join(root, 'in', 'a.ts'), join(root, 'same.ts'))
    await symlink(join(root, 'nowhere'), join(root, 'broken'))
    const { files: found, skipped } = await walkFolder(root)
    expect(found.map((file) => file.name)).toEqual(['in/a.ts'])
    expect(skipped).toEqual([
      { name: 'away', reason: 'a link out of the folder' },
      { name: 'broken', reason: 'a link: does not exist' },
      { name: 'secret.ts', reason: 'a link out of the folder' },
    ])
  } finally {
    await rm(outside, { recursive: true })
  }
})

test('a folder that is reached through a link is walked, for it was named', async () => {
  await files({ 'real/a.ts': 'x' })
  await symlink(join(root, 'real'), join(root, 'alias'))
  expect((await walkFolder(join(root, 'alias'))).files.map((file) => file.name)).toEqual(['a.ts'])
})

test('include and exclude take patterns in the form of .gitignore', async () => {
  await files({
    'a.ts': 'x',
    'a.test.ts': 'x',
    'src/b.ts': 'x',
    'src/b.test.ts': 'x',
    'src/c.md': 'x',
    'docs/d.md': 'x',
  })
  const names = async (options: Parameters<typeof walkFolder>[1]) =>
    (await walkFolder(root, options)).files.map((file) => file.name)
  expect(await names({ include: ['*.ts'] })).toEqual(['a.test.ts', 'a.ts', 'src/b.test.ts', 'src/b.ts'])
  expect(await names({ include: ['*.ts'], exclude: ['*.test.ts'] })).toEqual(['a.ts', 'src/b.ts'])
  expect(await names({ include: ['/src/**', '!*.md'] })).toEqual(['src/b.test.ts', 'src/b.ts'])
  expect(await names({ exclude: ['src/', '*.ts'] })).toEqual(['docs/d.md'])
})

test('a folder that may not be read is listed', async () => {
  await files({ 'shut/a.ts': 'x', 'b.ts': 'x' })
  await chmod(root, 0o755)
  await chmod(join(root, 'shut'), 0)
  // root may read everything: look with the eyes of nobody
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(65534)
  try {
    const { files: found, skipped } = await walkFolder(root)
    expect(found.map((file) => file.name)).toEqual(['b.ts'])
    expect(skipped).toEqual([{ name: 'shut', reason: 'may not be read or written' }])
  } finally {
    if (isRoot) process.seteuid?.(0)
    await chmod(join(root, 'shut'), 0o700)
  }
})

test('an abort ends the walk with its reason', async () => {
  await files({ 'a/b.ts': 'x' })
  const reason = new DOMException('interrupted', 'AbortError')
  await expect(walkFolder(root, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})
