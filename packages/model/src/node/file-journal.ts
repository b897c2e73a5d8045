/**
 * @file A journal as a file of JSON lines, made for being killed at any moment: a line that was being written is dropped
 * on the next start, everything before it counts.
 */
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { JsonValue } from '../capability/json-value.ts'
import { DisposedError } from '../errors/disposed-error.ts'
import { JournalError } from '../errors/journal-error.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import type { Journal } from '../resume/journal.ts'
import { type FileLock, fileLock } from './file-lock.ts'

/** Options of `fileJournal`. */
export interface FileJournalOptions {
  /** Names the work, so that a journal of other work is refused, for example a hash of the settings. Defaults to none. */
  purpose?: string
}

const format = 'lc-journal'
const version = 1

/**
 * Opens or makes a journal on disk. `append` resolves when the record is flushed to disk. While it is open, a lock file
 * beside it keeps other processes out.
 *
 * @throws JournalError when the file is damaged in the middle, of another kind or purpose, or in use.
 */
export async function fileJournal(path: string, options: FileJournalOptions = {}): Promise<Journal> {
  await mkdir(dirname(path), { recursive: true })
  const lock = await lockOf(path)
  try {
    return await openJournal(path, options, lock)
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openJournal(path: string, { purpose }: FileJournalOptions, lock: FileLock): Promise<Journal> {
  const file = await open(path, 'a+')
  try {
    const bytes = await readFile(path)
    // what follows the last line end was cut while it was written
    const complete = bytes.lastIndexOf(0x0a) + 1
    const lines = bytes.subarray(0, complete).toString('utf8').split('\n').slice(0, -1)
    const entries = lines.length === 0 ? new Map<string, JsonValue>() : readEntries(path, lines, purpose)
    if (complete < bytes.length) await file.truncate(complete)
    if (lines.length === 0) {
      await file.appendFile(`${JSON.stringify({ format, version, ...(purpose === undefined ? {} : { purpose }) })}\n`)
      await file.sync()
    }
    const { size } = await file.stat()
    return journalOver({ path, file, size, entries, lock })
  } catch (error) {
    await file.close()
    throw error
  }
}

interface OpenJournal {
  path: string
  file: FileHandle
  /** Bytes of complete records. */
  size: number
  entries: Map<string, JsonValue>
  lock: FileLock
}

function journalOver(state: OpenJournal): Journal {
  const { path, file, entries, lock } = state
  let writing: Promise<void> = Promise.resolve()
  let closing: Promise<void> | undefined
  const check = (): void => {
    if (closing) throw new DisposedError({ what: `the journal ${path}` })
  }
  const write = async (key: string, line: Buffer): Promise<void> => {
    try {
      await file.appendFile(line)
      await file.datasync()
    } catch (error) {
      // a full disk may leave half a line, which would spoil the next one
      await file.truncate(state.size)
      throw error
    }
    state.size += line.length
    entries.set(key, (JSON.parse(line.toString()) as [string, JsonValue])[1])
  }
  return {
    async get(key) {
      check()
      const value = entries.get(key)
      return value === undefined ? undefined : structuredClone(value)
    },
    async append(key, value) {
      check()
      const line = Buffer.from(`${JSON.stringify([key, value])}\n`)
      // one record at a time, whatever became of the one before
      const done = writing.then(
        () => write(key, line),
        () => write(key, line),
      )
      writing = done
      await done
    },
    close() {
      closing ??= writing
        .then(undefined, () => {})
        .then(() => file.close())
        .finally(() => lock.release())
      return closing
    },
  }
}

function readEntries(path: string, lines: readonly string[], purpose: string | undefined): Map<string, JsonValue> {
  const header = parseLine(path, 1, lines[0]!) as { format?: unknown; version?: unknown; purpose?: unknown } | null
  const problemOf = (problem: string): JournalError => new JournalError({ path, line: 1, problem })
  if (header?.format !== format) throw problemOf(`not a journal: the first line lacks "format": "${format}"`)
  if (header.version !== version) throw problemOf(`a journal of version ${String(header.version)}; known is ${version}`)
  if (header.purpose !== purpose)
    throw problemOf(`a journal of ${describe(header.purpose)}, not of ${describe(purpose)}; choose another file`)
  const entries = new Map<string, JsonValue>()
  for (const [index, line] of lines.entries()) {
    if (index === 0) continue
    const record = parseLine(path, index + 1, line)
    if (!Array.isArray(record) || record.length !== 2 || typeof record[0] !== 'string')
      throw new JournalError({ path, line: index + 1, problem: 'not a record [key, value]' })
    entries.set(record[0], record[1]!)
  }
  return entries
}

function describe(purpose: unknown): string {
  return purpose === undefined ? 'no stated purpose' : JSON.stringify(purpose)
}

function parseLine(path: string, line: number, text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (error) {
    throw new JournalError({ path, line, problem: 'not JSON', cause: error })
  }
}

async function lockOf(path: string): Promise<FileLock> {
  try {
    return await fileLock(`${path}.lock`, { timeoutMs: 0 })
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    throw new JournalError({ path, problem: 'in use by another process or another part of this one', cause: error })
  }
}
