import { open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { sleep } from '@lc/model/abort'

/** A lock that is held. */
export interface FileLock {
  release(): Promise<void>
}

const pauseMs = 100
const heartbeatMs = 5000
/** A lock without a sign of life for so long belongs to a process that died. */
const staleMs = 30_000

/**
 * Waits for and takes a lock between processes: a file that exists while it is held, touched as a sign of life. A lock
 * whose holder on this machine is gone, or that shows no life, is taken over.
 */
export async function lockFile(path: string, signal?: AbortSignal): Promise<FileLock> {
  for (;;) {
    signal?.throwIfAborted()
    const mark = `${process.pid} ${performance.timeOrigin}`
    try {
      const handle = await open(path, 'wx')
      await handle.writeFile(mark)
      await handle.close()
      return held(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (await isStale(path)) await rm(path, { force: true })
    else await sleep(pauseMs, signal)
  }
}

function held(path: string): FileLock {
  const timer = setInterval(() => {
    const now = new Date()
    void utimes(path, now, now).catch(() => {})
  }, heartbeatMs)
  timer.unref()
  let released = false
  return {
    async release() {
      if (released) return
      released = true
      clearInterval(timer)
      await rm(path, { force: true })
    },
  }
}

async function isStale(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined)
  if (!stats) return false
  if (Date.now() - stats.mtimeMs > staleMs) return true
  const holder = Number((await readFile(path, 'utf8').catch(() => '')).split(' ')[0])
  if (!Number.isInteger(holder) || holder <= 0) return false
  try {
    process.kill(holder, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
