/** @file A lock between processes of one machine: a file that only one of them can create. */
import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { sleep } from '../abort/sleep.ts'
import { TimeoutError } from '../errors/timeout-error.ts'

/** Options of `fileLock`. */
export interface FileLockOptions {
  signal?: AbortSignal | undefined
  /** How long to wait for another holder; 0 tries once. Defaults to 10,000. */
  timeoutMs?: number
}

/** A lock that is held. */
export interface FileLock {
  readonly path: string
  /** Idempotent. */
  release(): Promise<void>
}

const retryMs = 25

/**
 * Takes a lock by creating a file with the holder's process in it. The lock of a process of this machine that has died
 * is taken over; one of another machine (on a shared disk) never is.
 *
 * @throws TimeoutError when another holder keeps it for too long.
 */
export async function fileLock(path: string, options: FileLockOptions = {}): Promise<FileLock> {
  const { signal, timeoutMs = 10_000 } = options
  const token = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}\n`
  const deadline = performance.now() + timeoutMs
  await mkdir(dirname(path), { recursive: true })
  for (;;) {
    signal?.throwIfAborted()
    if (await createWith(path, token)) break
    if (await removeDead(path, token)) continue
    if (performance.now() >= deadline) throw new TimeoutError({ operation: `waiting for the lock ${path}`, timeoutMs })
    await sleep(retryMs, signal)
  }
  let released = false
  return {
    path,
    async release() {
      if (released) return
      released = true
      // somebody else's lock stays
      if ((await contentOf(path)) === token) await rm(path, { force: true })
    },
  }
}

/** Creates a file with its content in one step, so that nobody ever sees it empty; false when it exists. */
async function createWith(path: string, token: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`
  await writeFile(draft, token, { flag: 'wx' })
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** A process that dies while it removes a dead lock leaves this file; after so long it is removed itself. */
const takeoverMs = 10_000

/** Removes the lock of a dead process of this machine; true when it is gone. */
async function removeDead(path: string, token: string): Promise<boolean> {
  const content = await contentOf(path)
  if (content === undefined) return true
  if (!isDead(content)) return false
  // one process at a time: otherwise a second one could delete the new lock of the first
  const takeover = `${path}.takeover`
  if (!(await createWith(takeover, token))) {
    if (await isOlder(takeover, takeoverMs)) await rm(takeover, { force: true })
    return false
  }
  try {
    if ((await contentOf(path)) === content) await rm(path, { force: true })
    return true
  } finally {
    await rm(takeover, { force: true })
  }
}

function isDead(content: string): boolean {
  const [pid, host] = content.trim().split(' ')
  return host === hostname() && !isAlive(Number(pid))
}

async function isOlder(path: string, ms: number): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > ms
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
