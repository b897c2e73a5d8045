import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cacheEntries, removeEntry } from './cache-entries.ts'

let root: string
const signal = new AbortController().signal
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lc-cache-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function file(name: string, bytes: number): Promise<void> {
  await mkdir(dirname(join(root, name)), { recursive: true })
  await writeFile(join(root, name), 'x'.repeat(bytes))
}

function entries() {
  return cacheEntries({ own: join(root, 'own'), hub: join(root, 'hub') }, signal)
}

test('a cache that does not exist is empty', async () => {
  expect(await entries()).toEqual([])
})

test('entries are named, measured without following links, and sorted', async () => {
  await file('own/converted/b.bin', 10)
  await file('own/converted/b.json', 2)
  await file('own/models/a/x.gguf', 5)
  await file('own/models/a/deep/y', 7)
  await file('hub/models--org--name/blobs/1', 20)
  await mkdir(join(root, 'hub/models--org--name/snapshots'))
  await symlink('../blobs/1', join(root, 'hub/models--org--name/snapshots/x'))
  await file('hub/datasets--org--name/blobs/1', 20)
  await file('own/.hidden/x', 1)
  expect((await entries()).map(({ name, bytes }) => [name, bytes])).toEqual([
    ['converted/b', 12],
    ['hub/org/name', 20],
    ['models/a', 12],
  ])
})

test('a removed entry is gone, and nothing else is', async () => {
  await file('own/models/a/x', 5)
  await file('own/models/b/x', 5)
  await file('own/models/c.json', 1)
  await file('own/models/c.bin', 1)
  const [first, , last] = await entries()
  await removeEntry(first!)
  await removeEntry(last!)
  expect(await readdir(join(root, 'own/models'))).toEqual(['b'])
})
