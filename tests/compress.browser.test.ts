/** @file The compressors in a browser: parsers by address and by bytes, a compression, and its page, opened and used. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compressWithoutModel } from '@lc/compress/no-model'
import { heatMap } from '@lc/compress/visual'
import { estimateTokenizer, makePassage } from '@lc/model'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../scripts/open-browser.ts'
import { type FolderServer, serveFolder } from '../scripts/serve-folder.ts'

const require = createRequire(import.meta.url)
const program = `
import { createCodeParsers, parseUnits } from '@lc/compress/code'
import { compressWithoutModel } from '@lc/compress/no-model'
import { estimateTokenizer, makePassage } from '@lc/model'
const bytes = async (address) => new Uint8Array(await (await fetch(address)).arrayBuffer())
globalThis.units = async (how, code) => {
  const grammar = how === 'bytes' ? await bytes('/python.wasm') : '/python.wasm'
  const runtime = how === 'bytes' ? await bytes('/tree-sitter.wasm') : '/tree-sitter.wasm'
  const parsers = createCodeParsers({ runtime, grammars: { python: grammar } })
  const { units, parsedBy } = await parseUnits(code, 'python', parsers)
  return { parsedBy, names: units.map((unit) => unit.name) }
}
globalThis.compress = async (code, query, tokens) => {
  const budget = { tokens, tokenizer: estimateTokenizer() }
  return (await compressWithoutModel([makePassage(code, { uri: 'a.py' })], { budget, query })).text
}
`
const code = `class Net:
    def open(self):
        return load(self.path)

    def close(self):
        self.done = True


def retry_delay(attempt):
    base = 250
    return base * 2 ** attempt


${Array.from({ length: 12 }, (_, index) => `def other${index}(x):\n    return x + ${index}\n`).join('\n\n')}`

let folder: string
let server: FolderServer
let browser: Browser
const faults: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lc-compress-'))
  const bundled = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@lc/source'],
    write: false,
  })
  await writeFile(join(folder, 'program.js'), bundled.outputFiles[0]!.contents)
  await writeFile(join(folder, 'favicon.ico'), '')
  await writeFile(join(folder, 'index.html'), '<!doctype html><script type="module" src="/program.js"></script>')
  const passages = [makePassage(code, { uri: 'net <img src=x onerror=alert(1)>.py' })]
  const budget = { tokens: 60, tokenizer: estimateTokenizer() }
  const query = 'how is the retry_delay computed?'
  await writeFile(
    join(folder, 'kept.html'),
    heatMap(await compressWithoutModel(passages, { budget, query }), { query }),
  )
  server = await serveFolder(folder, {
    '/tree-sitter.wasm': require.resolve('web-tree-sitter/web-tree-sitter.wasm'),
    '/python.wasm': require.resolve('@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm'),
  })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

async function openPage(path: string): Promise<Page> {
  const page = await browser.newPage()
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    return dialog.dismiss()
  })
  await page.goto(`${server.address}${path}`)
  return page
}

test.each(['addresses', 'bytes'])('grammars load from %s', async (how) => {
  const page = await openPage('/')
  await page.waitForFunction('globalThis.units !== undefined')
  const found = await page.evaluate(`globalThis.units(${JSON.stringify(how)}, ${JSON.stringify(code)})`)
  expect(found).toMatchObject({ parsedBy: 'tree-sitter', names: expect.arrayContaining(['Net.open', 'retry_delay']) })
  await page.close()
})

test('text is compressed in the page', async () => {
  const page = await openPage('/')
  await page.waitForFunction('globalThis.compress !== undefined')
  const text = await page.evaluate(`globalThis.compress(${JSON.stringify(code)}, 'retry_delay of an attempt', 30)`)
  expect(text).toContain('def retry_delay(attempt):')
  await page.close()
})

test('the heat-map opens without network, unfolds what was dropped, and hides it on request', async () => {
  const page = await openPage('/kept.html')
  expect(await page.title()).toBe('What was kept')
  expect(await page.locator('.l.kept').allTextContents()).toContainEqual(expect.stringContaining('def retry_delay'))
  const dropped = page.locator('.code .l.dropped').last()
  expect(await dropped.isVisible()).toBe(false)
  await page.locator('.code details summary').last().click()
  expect(await dropped.isVisible()).toBe(true)
  await page.locator('#only').check()
  expect(await dropped.isVisible()).toBe(false)
  expect(await page.locator('.l.kept').first().isVisible()).toBe(true)
  expect(await page.locator('img').count()).toBe(0)
  await page.close()
})

test('nothing went wrong in any page', () => expect(faults).toEqual([]))
