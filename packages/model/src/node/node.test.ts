import { spawn } from 'node:child_process'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { JournalError } from '../errors/journal-error.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { atomicWrite } from './atomic-write.ts'
import { fileJournal } from './file-journal.ts'
import { fileLock } from './file-lock.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lc-node-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** The id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await new Promise((resolve) => child.on('exit', resolve))
  return child.pid!
}

describe('atomicWrite', () => {
  test('writes text, bytes and streams, makes folders, and leaves nothing else', async () => {
    async function* parts(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('one ')
      yield new TextEncoder().encode('two')
    }
    const path = join(folder, 'a', 'b', 'file.txt')
    for (const [content, text] of [
      ['text', 'text'],
      [new Uint8Array([104, 105]), 'hi'],
      [parts(), 'one two'],
    ] as const) {
      await atomicWrite(path, content)
      expect(await readFile(path, 'utf8')).toBe(text)
    }
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['file.txt'])
  })

  test('a failure or an abort in the middle leaves the old file and no other', async () => {
    const path = join(folder, 'file.txt')
    await atomicWrite(path, 'old')
    const controller = new AbortController()
    async function* parts(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10)
      controller.abort('stop')
      yield new Uint8Array(10)
    }
    await expect(atomicWrite(path, parts(), { signal: controller.signal })).rejects.toBe('stop')
    const refusal = new DOMException('wrong hash')
    const verify = () => Promise.reject(refusal)
    await expect(atomicWrite(path, 'new', { verify })).rejects.toBe(refusal)
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['file.txt'])
  })

  test('keeps to the mode it is given', async () => {
    const path = join(folder, 'secret')
    await atomicWrite(path, 'x', { mode: 0o600 })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test('of many writers at once the last rename wins, whole', async () => {
    const path = join(folder, 'file.txt')
    await Promise.all(Array.from({ length: 8 }, (_, index) => atomicWrite(path, String(index).repeat(5000))))
    expect(await readFile(path, 'utf8')).toMatch(/^(\d)\1{4999}$/)
  })
})

describe('fileLock', () => {
  test('one holder at a time; the next gets it after release', async () => {
    const path = join(folder, 'x.lock')
    const first = await fileLock(path)
    await expect(fileLock(path, { timeoutMs: 0 })).rejects.toBeInstanceOf(TimeoutError)
    const waiting = fileLock(path, { timeoutMs: 5000 })
    await first.release()
    await first.release()
    const second = await waiting
    expect(await readdir(folder)).toEqual(['x.lock'])
    await second.release()
    expect(await readdir(folder)).toEqual([])
  })

  test('takes over the lock of a dead process, not of a live one or of another machine', async () => {
    const path = join(folder, 'x.lock')
    await writeFile(path, `${await deadPid()} ${hostname()} token\n`)
    await (await fileLock(path, { timeoutMs: 0 })).release()
    await writeFile(path, `${await deadPid()} another-machine token\n`)
    await expect(fileLock(path, { timeoutMs: 0 })).rejects.toBeInstanceOf(TimeoutError)
    await writeFile(path, `${process.pid} ${hostname()} token\n`)
    await expect(fileLock(path, { timeoutMs: 0 })).rejects.toBeInstanceOf(TimeoutError)
  })

  test('of many that find a dead lock exactly one holds it at a time', async () => {
    const path = join(folder, 'x.lock')
    await writeFile(path, `${await deadPid()} ${hostname()} token\n`)
    let holders = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const lock = await fileLock(path)
        most = Math.max(most, ++holders)
        await new Promise((resolve) => setTimeout(resolve, 2))
        holders--
        await lock.release()
      }),
    )
    expect(most).toBe(1)
  })

  test('what a process left that died while it took over is removed in time', async () => {
    const path = join(folder, 'x.lock')
    await writeFile(path, `${await deadPid()} ${hostname()} token\n`)
    await writeFile(`${path}.takeover`, 'left')
    await expect(fileLock(path, { timeoutMs: 0 })).rejects.toBeInstanceOf(TimeoutError)
    const longAgo = new Date(Date.now() - 60_000)
    await utimes(`${path}.takeover`, longAgo, longAgo)
    await (await fileLock(path)).release()
    expect(await readdir(folder)).toEqual([])
  })

  test('an abort ends the wait', async () => {
    const path = join(folder, 'x.lock')
    const held = await fileLock(path)
    const controller = new AbortController()
    const waiting = fileLock(path, { signal: controller.signal })
    controller.abort('stop')
    await expect(waiting).rejects.toBe('stop')
    await held.release()
  })
})

describe('fileJournal', () => {
  const pathOf = () => join(folder, 'run.jsonl')

  test('gives back what was appended, also after reopening; the last record of a key counts', async () => {
    const journal = await fileJournal(pathOf())
    await Promise.all([journal.append('a', 1), journal.append('b', { list: [1, 'x', null] })])
    await journal.append('a', 2)
    expect(await journal.get('a')).toBe(2)
    await journal.close()
    const again = await fileJournal(pathOf())
    expect([await again.get('a'), await again.get('b'), await again.get('c')]).toEqual([
      2,
      { list: [1, 'x', null] },
      undefined,
    ])
    await again.close()
    expect(await readdir(folder)).toEqual(['run.jsonl'])
  })

  test('drops a torn last line, wherever it was cut, and goes on', async () => {
    const journal = await fileJournal(pathOf())
    await journal.append('done', 'ä')
    await journal.close()
    const whole = await readFile(pathOf())
    const record = Buffer.from('["next",{"text":"ü"}]\n')
    for (let cut = 0; cut < record.length; cut++) {
      await writeFile(pathOf(), Buffer.concat([whole, record.subarray(0, cut)]))
      const opened = await fileJournal(pathOf())
      expect([await opened.get('done'), await opened.get('next')]).toEqual(['ä', undefined])
      await opened.append('next', cut)
      await opened.close()
      const reopened = await fileJournal(pathOf())
      expect(await reopened.get('next')).toBe(cut)
      await reopened.close()
    }
  })

  test('a torn first line is a new journal', async () => {
    await writeFile(pathOf(), '{"format":"lc-jou')
    const journal = await fileJournal(pathOf())
    await journal.append('a', 1)
    await journal.close()
    expect(await readFile(pathOf(), 'utf8')).toBe('{"format":"lc-journal","version":1}\n["a",1]\n')
  })

  test.each([
    ['damage in the middle', '{"format":"lc-journal","version":1}\n["a",1\n["b",2]\n', 2, 'not JSON'],
    ['a record of another form', '{"format":"lc-journal","version":1}\n["a",1]\n{"b":2}\n', 3, 'not a record'],
    ['another kind of file', '{"name":"x"}\n', 1, 'not a journal'],
    ['null', 'null\n', 1, 'not a journal'],
    ['a later version', '{"format":"lc-journal","version":2}\n', 1, 'version 2'],
    ['another purpose', '{"format":"lc-journal","version":1,"purpose":"other"}\n', 1, 'a journal of "other"'],
  ])('%s is a JournalError with the line, and the file stays', async (_, content, line, problem) => {
    await writeFile(pathOf(), content)
    const error = await fileJournal(pathOf()).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(JournalError)
    expect((error as JournalError).line).toBe(line)
    expect((error as JournalError).problem).toContain(problem)
    expect(await readFile(pathOf(), 'utf8')).toBe(content)
    expect(await readdir(folder)).toEqual(['run.jsonl'])
  })

  test('is kept from a second user, and from use after close', async () => {
    const journal = await fileJournal(pathOf(), { purpose: 'p' })
    await expect(fileJournal(pathOf(), { purpose: 'p' })).rejects.toThrow(/in use/)
    await journal.close()
    await journal.close()
    await expect(journal.get('a')).rejects.toThrow(/is closed/)
    const again = await fileJournal(pathOf(), { purpose: 'p' })
    await again.close()
    await appendFile(pathOf(), '')
  })
})
