/** @file A lock between processes of one machine: a file that only one of them can create. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { sleep } from '../abort/sleep.ts'
import { TimeoutError } from '../errors/timeout-error.ts'

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
    if (await removeDead(path)) continue
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

async function createWith(path: string, token: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx')
    try {
      await file.writeFile(token)
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes the lock of a dead process of this machine; true when it is gone. */
async function removeDead(path: string): Promise<boolean> {
  const content = await contentOf(path)
  if (content === undefined) return true
  const [pid, host] = content.trim().split(' ')
  if (host !== hostname() || isAlive(Number(pid))) return false
  // moved away first: of several processes that find the dead lock, one gets it, and no new lock is deleted
  const grave = `${path}.${randomBytes(6).toString('hex')}.dead`
  try {
    await rename(path, grave)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
  const moved = await contentOf(grave)
  // a new lock came between reading and moving: it goes back
  if (moved !== content) await rename(grave, path)
  else await rm(grave, { force: true })
  return moved === content
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
