/** @file Builds the page as its README says, opens it in headless Chromium, loads a model, and compresses pasted code. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modelFile } from '../../scripts/model-file.ts'
import { openBrowser } from '../../scripts/open-browser.ts'
import { type FolderServer, serveFolder } from '../../scripts/serve-folder.ts'

const code = `/** Milliseconds before the next attempt. */
export function retryDelay(attempt: number): number {
  return Math.min(8000, 500 * 2 ** attempt)
}

/** A friendly line for a visitor, with the time of day. */
export function greeting(name: string, hour: number): string {
  const part = hour < 12 ? 'morning' : hour < 18 ? 'afternoon' : 'evening'
  return \`Good \${part}, \${name}, how are you today?\`
}
`

let folder: string
let server: FolderServer
let browser: Browser
let file: string

beforeAll(async () => {
  file = await modelFile('smollm2-135m')
  folder = await mkdtemp(join(tmpdir(), 'lc-page-'))
  await build({ root: import.meta.dirname, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } })
  server = await serveFolder(folder, { '/model.gguf': file })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

async function openPage(): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(`${server.address}/`)
  return { page, faults }
}

async function compress(page: Page): Promise<{ status: string; kept: string }> {
  await page.fill('#query', 'How long is the delay before the next attempt?')
  await page.fill('#budget', '60')
  await page.fill('#text', code)
  await page.click('button')
  await page.waitForFunction(
    () => /^(kept|failed)/.test(document.querySelector('#status')?.textContent ?? ''),
    undefined,
    {
      timeout: 240_000,
    },
  )
  return { status: (await page.textContent('#status')) ?? '', kept: (await page.textContent('#kept')) ?? '' }
}

test('a model from an address compresses pasted code in the page', async () => {
  const { page, faults } = await openPage()
  await page.fill('#address', `${server.address}/model.gguf`)
  const { status, kept } = await compress(page)
  expect(status).toMatch(/^kept \d+ of \d+ tokens in [\d.]+ s$/)
  const [, tokens] = /kept (\d+)/.exec(status) ?? []
  expect(Number(tokens)).toBeLessThanOrEqual(60)
  expect(kept).toContain('retryDelay')
  expect(kept).not.toContain('how are you today')
  expect(faults).toEqual([])
  await page.close()
})

test('a model from a file does too, and a file that is no model is said to be none', async () => {
  const { page, faults } = await openPage()
  await page.setInputFiles('#file', {
    name: 'broken.gguf',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from('no model'),
  })
  expect((await compress(page)).status).toMatch(/^failed: /)
  await page.setInputFiles('#file', file)
  expect((await compress(page)).status).toMatch(/^kept \d+ of \d+ tokens/)
  expect(faults).toEqual([])
  await page.close()
})
