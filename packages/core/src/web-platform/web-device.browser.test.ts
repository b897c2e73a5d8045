/** @file The devices of browsers in headless Chromium: WebAssembly with threads, and WebGPU on its software adapter. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBrowser } from '../../../../scripts/open-browser.ts'
import { type FolderServer, serveFolder } from '../../../../scripts/serve-folder.ts'

interface Outcome {
  readonly name: string
  readonly tolerance: number
  readonly difference?: number
  readonly error?: string
  readonly refused: boolean
}

const program = `
import { webDevice } from '@lc/core/web'
import { measureOpCase, opCases } from '@lc/core/testing'

globalThis.describeDevice = async (kind) => {
  const device = await webDevice({ kind, wasmPaths: '/ort/' })
  const { threads } = device
  await device.close()
  return { kind: device.kind, threads, isolated: globalThis.crossOriginIsolated }
}

globalThis.runOps = async (kind, every) => {
  const device = await webDevice({ kind, wasmPaths: '/ort/' })
  const outcomes = []
  const all = opCases()
  const cases = every ? all : [...new Map([...all].reverse().map((item) => [item.op, item])).values()]
  for (const item of cases) {
    const { name } = item
    const tolerance = item.tolerances[kind] ?? item.tolerance
    const refused = item.unsupported[kind] !== undefined
    try {
      const differences = await measureOpCase(device, item)
      outcomes.push({ name, tolerance, refused, difference: Math.max(...differences.map((one) => one.difference)) })
    } catch (error) {
      outcomes.push({ name, tolerance, refused, error: error.code + ': ' + error.message })
    }
  }
  await device.close()
  return outcomes
}
`

const here = dirname(fileURLToPath(import.meta.url))
const dist = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'))
const runtimeFiles = ['ort-wasm-simd-threaded', 'ort-wasm-simd-threaded.asyncify'].flatMap((name) => [
  `${name}.mjs`,
  `${name}.wasm`,
])

let folder: string
let server: FolderServer
let browser: Browser
let page: Page

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lc-web-device-'))
  await build({
    stdin: { contents: program, resolveDir: here, loader: 'js' },
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@lc/source'],
    logLevel: 'error',
  })
  await writeFile(join(folder, 'index.html'), '<!doctype html><script type="module" src="/page.js"></script>')
  server = await serveFolder(folder, Object.fromEntries(runtimeFiles.map((name) => [`/ort/${name}`, join(dist, name)])))
  browser = await openBrowser()
  page = await browser.newPage()
  await page.goto(server.address)
  await page.waitForFunction('globalThis.runOps !== undefined')
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

const wrongOf = (outcomes: readonly Outcome[]): readonly Outcome[] =>
  outcomes.filter(({ difference, tolerance, error, refused }) =>
    refused && error !== undefined
      ? !error.startsWith('device')
      : !(difference !== undefined && difference <= tolerance),
  )

const run = (kind: string, every: boolean): Promise<Outcome[]> =>
  page.evaluate(`globalThis.runOps('${kind}', ${every})`)

describe('WebAssembly in a browser', () => {
  test('has threads on a page that is isolated', async () => {
    const found = await page.evaluate<{ kind: string; threads: number; isolated: boolean }>(
      `globalThis.describeDevice('wasm')`,
    )
    expect(found.isolated).toBe(true)
    expect(found.kind).toBe('wasm')
    expect(found.threads).toBeGreaterThan(1)
  })

  test('computes every op as the exact interpreter does', async () => {
    const outcomes = await run('wasm', true)
    expect(outcomes.length).toBeGreaterThan(200)
    expect(wrongOf(outcomes)).toEqual([])
  })
})

describe('WebGPU in a browser', () => {
  test('computes one case of each op as the exact interpreter does', async (context) => {
    const adapter = await page.evaluate<boolean>(
      'navigator.gpu?.requestAdapter().then((found) => found !== null) ?? false',
    )
    if (!adapter) {
      console.warn('SKIPPED: WebGPU in the browser. This Chromium offers no adapter.')
      context.skip()
    }
    const outcomes = await run('webgpu', process.env.LC_ALL_OP_CASES === '1')
    expect(wrongOf(outcomes)).toEqual([])
  })
})
