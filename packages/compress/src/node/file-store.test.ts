import { execFile } from 'node:child_process'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { contentHash } from '@lc/model'
import { afterAll, describe, expect, test } from 'vitest'
import { fileStore } from './file-store.ts'

const root = mkdtempSync(join(tmpdir(), 'lc-store-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const key = (name: string): string => contentHash(name)
const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)
const lengths = (found: (Uint8Array | undefined)[]) => found.map((entry) => entry?.length)

describe('a store in a folder', () => {
  test('gives another process what was put', async () => {
    const folder = join(root, 'shared')
    await fileStore({ folder }).put(
      new Map([
        [key('a'), bytes(3)],
        [key('b'), bytes(0)],
      ]),
    )
    const [a, b, c] = await fileStore({ folder }).get([key('a'), key('b'), key('c')])
    expect(Array.from(a!)).toEqual([7, 7, 7])
    expect(b).toHaveLength(0)
    expect(c).toBeUndefined()
  })

  test('sees what others add while it is open', async () => {
    const folder = join(root, 'open')
    const [one, two] = [fileStore({ folder }), fileStore({ folder })]
    await one.put(new Map([[key('a'), bytes(3)]]))
    await two.put(new Map([[key('b'), bytes(4)]]))
    expect(lengths(await one.get([key('a'), key('b')]))).toEqual([3, 4])
  })

  test('stays within its size; what is used stays longest', async () => {
    const folder = join(root, 'small')
    const store = fileStore({ folder, limitBytes: 4000 })
    for (let at = 0; at < 60; at++) {
      await store.put(new Map([[key(`${at}`), bytes(200)]]))
      await store.get([key('0')])
      const total = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
      expect(total).toBeLessThanOrEqual(4000)
    }
    expect(lengths(await store.get([key('0'), key('1'), key('59')]))).toEqual([200, undefined, 200])
  })

  test('passes over half a record and goes on after it', async () => {
    const folder = join(root, 'torn')
    await fileStore({ folder }).put(new Map([[key('a'), bytes(3)]]))
    appendFileSync(join(folder, 'recent.records'), bytes(30))
    const store = fileStore({ folder })
    expect(lengths(await store.get([key('a')]))).toEqual([3])
    await store.put(new Map([[key('b'), bytes(5)]]))
    expect(lengths(await fileStore({ folder }).get([key('a'), key('b')]))).toEqual([3, 5])
  })

  test('a spoiled entry is none', async () => {
    const folder = join(root, 'spoiled')
    await fileStore({ folder }).put(new Map([[key('a'), bytes(30)]]))
    const path = join(folder, 'recent.records')
    const content = readFileSync(path)
    content[60]! ^= 1
    writeFileSync(path, content)
    expect(lengths(await fileStore({ folder }).get([key('a')]))).toEqual([undefined])
  })

  test('a disk that refuses makes it forget, not fail', async () => {
    const folder = join(root, 'file')
    writeFileSync(folder, 'in the way')
    const store = fileStore({ folder })
    await store.put(new Map([[key('a'), bytes(3)]]))
    expect(await store.get([key('a')])).toEqual([undefined])
  })

  test('two processes that write at once lose nothing', async () => {
    const folder = join(root, 'two')
    const script = `import { contentHash } from '@lc/model'
      const { fileStore } = await import(${JSON.stringify(new URL('./file-store.ts', import.meta.url).href)})
      const store = fileStore({ folder: ${JSON.stringify(folder)} })
      const add = (at) => store.put(new Map([[contentHash(process.argv[1] + at), new Uint8Array(100 + at)]]))
      for (let at = 0; at < 25; at++) await add(at)`
    const flags = ['--import', 'tsx', '--conditions=@lc/source', '--input-type=module', '-e', script]
    const cwd = join(import.meta.dirname, '..', '..')
    const run = (name: string) => promisify(execFile)(process.execPath, [...flags, name], { cwd })
    await Promise.all([run('one'), run('two')])
    const names = ['one', 'two'].flatMap((name) => Array.from({ length: 25 }, (_, at) => `${name}${at}`))
    const found = await fileStore({ folder }).get(names.map(key))
    expect(lengths(found)).toEqual(names.map((_, index) => 100 + (index % 25)))
  }, 60_000)
})
