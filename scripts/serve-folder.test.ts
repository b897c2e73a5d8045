import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FolderServer, serveFolder } from './serve-folder.ts'

let folder: string
let server: FolderServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lc-serve-'))
  await writeFile(join(folder, 'index.html'), '<p>hello</p>')
  await writeFile(join(folder, 'data.bin'), '0123456789')
  server = await serveFolder(folder, { '/extra': join(folder, 'data.bin') })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

async function get(path: string, range?: string) {
  const response = await fetch(server.address + path, range ? { headers: { range } } : {})
  return [response.status, await response.text(), response.headers.get('content-range')]
}

test('files, the index, and mapped paths are served; others are not found', async () => {
  expect(await get('/')).toEqual([200, '<p>hello</p>', null])
  expect(await get('/data.bin')).toEqual([200, '0123456789', null])
  expect(await get('/extra')).toEqual([200, '0123456789', null])
  expect((await get('/nowhere'))[0]).toBe(404)
  expect((await get('/..%2f..%2fetc%2fpasswd'))[0]).toBe(404)
})

test('ranges are honoured', async () => {
  expect(await get('/data.bin', 'bytes=2-4')).toEqual([206, '234', 'bytes 2-4/10'])
  expect(await get('/data.bin', 'bytes=7-')).toEqual([206, '789', 'bytes 7-9/10'])
  expect(await get('/data.bin', 'bytes=0-99')).toEqual([206, '0123456789', 'bytes 0-9/10'])
  expect(await get('/data.bin', 'bytes=10-')).toEqual([416, '', 'bytes */10'])
})
