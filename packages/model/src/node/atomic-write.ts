import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Options of `atomicWrite`. */
export interface AtomicWriteOptions {
  signal?: AbortSignal | undefined
  /** Permissions of a new file. Defaults to 0o666 less the umask. */
  mode?: number
  /** Called with the temporary file complete, before it takes the name; a throw leaves the old file. */
  verify?: (temporaryPath: string) => void | Promise<void>
}

/**
 * Writes a file so that its name shows either the old content or the whole new one: to a temporary name beside it,
 * flushed to disk, then renamed. Folders are made. After a failure or an abort no temporary file is left.
 */
export async function atomicWrite(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const { signal, mode = 0o666, verify } = options
  signal?.throwIfAborted()
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      for await (const part of partsOf(content)) {
        signal?.throwIfAborted()
        await file.writeFile(part)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await verify?.(temporary)
    signal?.throwIfAborted()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(folder)
}

async function* partsOf(content: string | Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<string | Uint8Array> {
  if (typeof content === 'string' || content instanceof Uint8Array) yield content
  else yield* content
}

/** Makes a rename durable; where folders cannot be flushed (Windows) the system does as it does. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
