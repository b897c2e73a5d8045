import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { InputError } from '../errors/input-error.ts'
import { readSources } from './read-sources.ts'

let cwd: string
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'lc-read-'))
  await mkdir(join(cwd, 'src'))
  await writeFile(join(cwd, 'src', 'b.ts'), 'const b = 1\r\n')
  await writeFile(join(cwd, 'src', 'a.ts'), '\ufeffconst a = "ä😀"\n')
})
afterEach(() => rm(cwd, { recursive: true, force: true }))

function read(paths: string[], stdin: Readable = Readable.from([]), signal = new AbortController().signal) {
  return readSources(paths, { cwd, stdin, signal })
}

test('text is kept as it is: carriage returns, byte-order mark, characters beyond the basic plane', async () => {
  const { sources } = await read(['src'])
  expect(sources).toEqual([
    { uri: 'src/a.ts', text: '\ufeffconst a = "ä😀"\n' },
    { uri: 'src/b.ts', text: 'const b = 1\r\n' },
  ])
})

test('sources are named as they were typed, and read once', async () => {
  const { sources } = await read(['./src/b.ts', 'src', join(cwd, 'src', 'a.ts')])
  expect(sources.map((source) => source.uri)).toEqual(['src/b.ts', 'src/a.ts'])
  expect((await read([join(cwd, 'src')])).sources[0]!.uri).toBe(join(cwd, 'src', 'a.ts'))
})

test('binary files are left out, named or found; a file named outright is read whatever its size and name', async () => {
  await writeFile(join(cwd, 'src', 'image.png'), Uint8Array.of(0x89, 0x50, 0, 1))
  await writeFile(join(cwd, 'src', 'latin1.txt'), Uint8Array.of(0x66, 0xfc, 0x72))
  await writeFile(join(cwd, 'package-lock.json'), '{}')
  await writeFile(join(cwd, 'long.txt'), 'x'.repeat(1_200_000))
  const { sources, skipped } = await read(['src', 'package-lock.json', 'long.txt', 'src/image.png'])
  expect(sources.map((source) => source.uri)).toEqual(['src/a.ts', 'src/b.ts', 'package-lock.json', 'long.txt'])
  expect(skipped).toEqual([
    { name: 'src/image.png', reason: 'binary' },
    { name: 'src/latin1.txt', reason: 'binary' },
  ])
})

test('minified text is recognised without its name; a long paragraph is not minified', async () => {
  await writeFile(join(cwd, 'src', 'bundle.js'), `var a=1;${'f(a);'.repeat(2000)}\n`)
  await writeFile(join(cwd, 'src', 'prose.md'), 'word '.repeat(2000))
  const { sources, skipped } = await read(['src'])
  expect(sources.map((source) => source.uri)).toContain('src/prose.md')
  expect(skipped).toEqual([{ name: 'src/bundle.js', reason: 'minified' }])
})

test('- is the standard input, in pieces that cut characters', async () => {
  const bytes = Buffer.from(`${'é'.repeat(3)}😀`)
  const pieces = Array.from(bytes, (byte) => Buffer.from([byte]))
  const { sources } = await read(['-'], Readable.from(pieces))
  expect(sources).toEqual([{ uri: 'stdin', text: 'ééé😀' }])
})

test('what cannot be read is an InputError that names it', async () => {
  await expect(read(['nowhere'])).rejects.toThrow(new InputError({ path: 'nowhere', problem: 'does not exist' }))
  await expect(read(['-'], Readable.from([Buffer.from([0xff, 0xfe, 0])]))).rejects.toThrow('stdin: is not UTF-8 text')
  await mkdir(join(cwd, 'empty'))
  await expect(read(['empty'])).rejects.toThrow('empty: no text files were found')
})

test('an empty file is a source with empty text', async () => {
  await writeFile(join(cwd, 'empty.ts'), '')
  expect((await read(['empty.ts'])).sources).toEqual([{ uri: 'empty.ts', text: '' }])
})

test('an abort ends the wait for the standard input', async () => {
  const stop = new AbortController()
  const waiting = read(['-'], new Readable({ read() {} }), stop.signal)
  const reason = new DOMException('interrupted', 'AbortError')
  setTimeout(() => stop.abort(reason), 20)
  await expect(waiting).rejects.toBe(reason)
})
