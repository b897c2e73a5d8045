import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cacheFolder, hubCacheFolder } from './cache-folders.ts'
import { nodeFilePlatform } from './node-file-platform.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lc-files-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('nodeFilePlatform', () => {
  test('takes the token from the environment, else from the file of the hub client', async () => {
    await writeFile(join(folder, 'token'), 'hf_from_file\n')
    const token = (more: Record<string, string>): string | undefined =>
      nodeFilePlatform({ HF_HOME: folder, ...more }).environment.HF_TOKEN
    expect(token({})).toBe('hf_from_file')
    expect(token({ HF_TOKEN: 'hf_own' })).toBe('hf_own')
    expect(token({ HF_HOME: join(folder, 'none') })).toBeUndefined()
  })

  test('tells files from folders and lists what lies below, links too', async () => {
    await mkdir(join(folder, 'model', '1_Pooling'), { recursive: true })
    await writeFile(join(folder, 'blob'), 'x')
    await writeFile(join(folder, 'model', '1_Pooling', 'config.json'), '{}')
    await symlink('../blob', join(folder, 'model', 'a.bin'))
    const platform = nodeFilePlatform({})
    expect(await platform.pathKind(join(folder, 'blob'))).toBe('file')
    expect(await platform.pathKind(join(folder, 'model'))).toBe('folder')
    expect(await platform.pathKind(join(folder, 'none'))).toBeUndefined()
    expect(await platform.listFolder(join(folder, 'model'))).toEqual(['1_Pooling/config.json', 'a.bin'])
  })

  test('reads ranges, and refuses those outside, missing files and use after closing', async () => {
    const path = join(folder, 'file')
    await writeFile(path, 'hello world')
    const platform = nodeFilePlatform({})
    const source = await platform.openFile(path)
    expect(new TextDecoder().decode(await source.read(6, 5))).toBe('world')
    for (const [offset, length] of [
      [0, 12],
      [-1, 2],
      [11, 1],
      [0.5, 1],
      [2 ** 53, 1],
    ] as const)
      await expect(source.read(offset, length)).rejects.toMatchObject({ code: 'file-format' })
    await truncate(path, 3)
    await expect(source.read(0, 11)).rejects.toMatchObject({ code: 'file-format', offset: 3 })
    const reason = new DOMException('stop', 'AbortError')
    await expect(source.read(0, 1, AbortSignal.abort(reason))).rejects.toBe(reason)
    await source.close()
    await expect(source.read(0, 1)).rejects.toMatchObject({ code: 'disposed' })
    await expect(platform.openFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(platform.openFile(folder)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  test('remembers the hash of a file until the file changes', async () => {
    const path = join(folder, 'file')
    const platform = nodeFilePlatform({ LC_CACHE: join(folder, 'cache') })
    const hash = async (): Promise<{ hash: string; read: number }> => {
      let read = 0
      const source = await platform.openFile(path)
      const result = await platform.fileHash(source, { onProgress: () => read++ })
      await source.close()
      return { hash: result, read }
    }
    const expected = (text: string): string => createHash('sha256').update(text).digest('hex')
    await writeFile(path, 'one')
    expect(await hash()).toEqual({ hash: expected('one'), read: 1 })
    expect(await hash()).toEqual({ hash: expected('one'), read: 0 })
    await writeFile(path, 'two')
    await utimes(path, new Date(), new Date(Date.now() + 5000))
    expect(await hash()).toEqual({ hash: expected('two'), read: 1 })
    await writeFile(join(folder, 'cache', 'file-hashes.json'), 'damaged')
    expect((await hash()).hash).toBe(expected('two'))
    expect(JSON.parse(await readFile(join(folder, 'cache', 'file-hashes.json'), 'utf8'))).toHaveProperty([path])
  })
})

test('cache folders follow the variables', () => {
  expect(cacheFolder({ LC_CACHE: '/x' })).toBe('/x')
  expect(cacheFolder({ XDG_CACHE_HOME: '/c' })).toBe(join('/c', 'lc'))
  expect(cacheFolder({}).startsWith(homedir())).toBe(true)
  expect(hubCacheFolder({ HF_HUB_CACHE: '/h' })).toBe('/h')
  expect(hubCacheFolder({ HUGGINGFACE_HUB_CACHE: '/g' })).toBe('/g')
  expect(hubCacheFolder({ HF_HOME: '/f' })).toBe(join('/f', 'hub'))
  expect(hubCacheFolder({ XDG_CACHE_HOME: '/c' })).toBe(join('/c', 'huggingface', 'hub'))
})
