/** @file The hub from a browser: a loopback hub with its listing, files into the private file system, in headless Chromium. */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../../../../scripts/open-browser.ts'
import { type FolderServer, serveFolder } from '../../../../scripts/serve-folder.ts'
import { fixturePath } from '../../fixtures/read-fixture.ts'

const program = `
import { openModel } from '@lc/core/hub'
import { webPlatform } from '@lc/core/web'

globalThis.openIt = async (source, endpoint, offline) => {
  const platform = { ...webPlatform(), environment: { HF_ENDPOINT: endpoint } }
  try {
    const model = await openModel(source, { platform, offline })
    const weight = await model.weights.float32(model.weights.names[0])
    const result = { type: model.config.model_type, hash: model.hash, length: weight.length, ids: [...model.tokenizer.encode('Hi there').ids] }
    await model.close()
    return result
  } catch (error) {
    return { code: error.code, message: error.message }
  }
}
`

const commit = 'c0ffee0000000000000000000000000000000000'
const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']
const files = new Map<string, Uint8Array>()
const requests: string[] = []
let swapped = false
let cutNext = false

function answer(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-headers', '*')
  response.setHeader('access-control-expose-headers', '*')
  const url = request.url ?? ''
  requests.push(`${request.method} ${url}`)
  if (url.startsWith('/api/models/')) {
    const siblings = names.map((rfilename) => ({
      rfilename,
      size: files.get(rfilename)!.length,
      lfs: { sha256: sha256(files.get(rfilename)!) },
    }))
    response.end(JSON.stringify({ sha: commit, siblings }))
    return
  }
  const path = /^\/org\/\w+\/resolve\/\w+\/(.+)$/.exec(url)?.[1] ?? ''
  const bytes = files.get(path)
  if (!bytes) {
    response.writeHead(404).end()
    return
  }
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const range = start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': bytes.length - start, ...range })
  if (cutNext && path === 'model.safetensors') {
    cutNext = false
    response.write(bytes.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 50))
    return
  }
  response.end(swapped ? bytes.map((byte) => byte ^ 1) : bytes.subarray(start))
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let folder: string
let hub: Server
let pages: FolderServer
let browser: Browser
let page: Page
let endpoint: string

beforeAll(async () => {
  for (const name of names) files.set(name, new Uint8Array(await readFile(fixturePath('tiny-llama', name))))
  folder = await mkdtemp(join(tmpdir(), 'lc-web-hub-'))
  await build({
    stdin: { contents: program, resolveDir: dirname(fileURLToPath(import.meta.url)), loader: 'js' },
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@lc/source'],
    external: ['onnxruntime-web', 'onnxruntime-web/*'],
    logLevel: 'error',
  })
  await writeFile(join(folder, 'index.html'), '<!doctype html><script type="module" src="/page.js"></script>')
  hub = createServer(answer)
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`
  pages = await serveFolder(folder)
  browser = await openBrowser()
  page = await browser.newPage()
  await page.goto(pages.address)
  await page.waitForFunction('globalThis.openIt')
})

afterAll(async () => {
  await browser?.close()
  await pages?.close()
  hub?.closeAllConnections()
  await new Promise((resolve) => hub?.close(resolve))
  await rm(folder, { recursive: true, force: true })
})

function open(source: string, offline = false): Promise<Record<string, unknown>> {
  return page.evaluate(
    ([name, at, off]) =>
      (globalThis as unknown as { openIt: (...all: unknown[]) => Promise<Record<string, unknown>> }).openIt(
        name,
        at,
        off,
      ),
    [source, endpoint, offline] as const,
  )
}

test('a model comes from the hub once, also over a broken connection, and then out of the private files', async () => {
  cutNext = true
  const first = await open('org/name')
  expect(first).toMatchObject({ type: 'llama', hash: sha256(files.get('model.safetensors')!) })
  const fetched = requests.filter((request) => request.startsWith('GET') && request.includes('/resolve/'))
  // the one that was cut is asked for twice
  expect(fetched).toHaveLength(names.length + 1)
  requests.length = 0
  expect(await open('org/name')).toEqual(first)
  expect(requests.filter((request) => request.includes('/resolve/'))).toEqual([])
  requests.length = 0
  expect(await open('org/name', true)).toEqual(first)
  expect(requests).toEqual([])
})

test('other bytes than listed are refused', async () => {
  swapped = true
  expect(await open('org/other')).toMatchObject({ code: 'download' })
  swapped = false
})

test('a folder behind an address opens too', async () => {
  expect(await open(`${endpoint}/org/name/resolve/main`)).toMatchObject({ type: 'llama' })
})
