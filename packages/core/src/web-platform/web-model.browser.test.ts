/** @file A real model in headless Chromium: read from an address, run as WebAssembly, judged by the CPU of Node. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modelFile } from '../../../../scripts/model-file.ts'
import { openBrowser } from '../../../../scripts/open-browser.ts'
import { type FolderServer, serveFolder } from '../../../../scripts/serve-folder.ts'
import { loadModel } from '../local/load-model.ts'

const program = `
import { loadModel } from '@lc/core'
import { webPlatform } from '@lc/core/web'

globalThis.score = async (text, accuracy) => {
  const platform = webPlatform({ wasmPaths: '/ort/' })
  const model = await loadModel({ file: location.origin + '/model.gguf' }, { platform, device: 'wasm', accuracy })
  try {
    const [{ ids, logprobs }] = await model.score([{ context: '', continuation: text }])
    return { ids: [...ids], logprobs: [...logprobs] }
  } finally {
    await model.close()
  }
}
`

const text = `def retry_delay(attempt):
    """Milliseconds before the next attempt."""
    return min(8000, 500 * 2 ** attempt)
`

interface Scores {
  readonly ids: readonly number[]
  readonly logprobs: readonly number[]
}

const dist = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'))
let folder: string
let file: string
let server: FolderServer
let browser: Browser
let page: Page

beforeAll(async () => {
  file = await modelFile('smollm2-135m')
  folder = await mkdtemp(join(tmpdir(), 'lc-web-model-'))
  await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'js' },
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@lc/source'],
    logLevel: 'error',
  })
  await writeFile(join(folder, 'index.html'), '<!doctype html><script type="module" src="/page.js"></script>')
  const runtime = ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'].map((name) => [
    `/ort/${name}`,
    join(dist, name),
  ])
  server = await serveFolder(folder, { '/model.gguf': file, ...Object.fromEntries(runtime) })
  browser = await openBrowser()
  page = await browser.newPage()
  await page.goto(server.address)
  await page.waitForFunction('globalThis.score !== undefined')
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

async function scoreInNode(accuracy: 'exact' | 'fast'): Promise<Scores> {
  const model = await loadModel({ file }, { device: 'cpu', accuracy })
  try {
    const [scores] = await model.score([{ context: '', continuation: text }])
    return { ids: [...scores!.ids], logprobs: [...scores!.logprobs] }
  } finally {
    await model.close()
  }
}

test.each(['exact', 'fast'] as const)('%s log-probabilities in the page are those of Node', async (accuracy) => {
  const expected = await scoreInNode(accuracy)
  const actual = await page.evaluate<Scores>(`globalThis.score(${JSON.stringify(text)}, '${accuracy}')`)
  expect(actual.ids).toEqual(expected.ids)
  expect(actual.ids.length).toBeGreaterThan(30)
  const gaps = expected.logprobs.map((value, at) => Math.abs(value - actual.logprobs[at]!) || 0)
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + (Number.isFinite(value) ? value : 0), 0) / values.length
  // float32 sums differ in their last digits, and with them which way activations on the edge of 8-bit rounding fall
  expect(Math.max(...gaps)).toBeLessThan(accuracy === 'exact' ? 2e-3 : 0.4)
  const apart = Math.abs(mean(actual.logprobs) - mean(expected.logprobs))
  expect(apart).toBeLessThan((accuracy === 'exact' ? 1e-4 : 0.02) * Math.abs(mean(expected.logprobs)))
})
