import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { DisposedError, InvalidArgumentError } from '@lc/model/errors'
import { FileFormatError } from '../errors/file-format-error.ts'
import type { ByteSource } from '../weights/byte-source.ts'
import { checkRange } from '../weights/memory-bytes.ts'

/** One read is at most this long, so that an abort is seen soon. */
const chunkBytes = 1 << 26

/**
 * A local file as a byte source.
 *
 * @throws InvalidArgumentError when there is no readable file at the path.
 */
export async function fileBytes(path: string): Promise<ByteSource> {
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (error) {
    throw new InvalidArgumentError({ argument: 'file', received: path, allowed: 'a readable file', cause: error })
  }
  const stats = await handle.stat()
  if (!stats.isFile()) {
    await handle.close()
    throw new InvalidArgumentError({ argument: 'file', received: path, allowed: 'a file, not a folder' })
  }
  return new FileBytes(path, stats.size, handle)
}

class FileBytes implements ByteSource {
  readonly path: string
  readonly size: number
  #handle: FileHandle | undefined

  constructor(path: string, size: number, handle: FileHandle) {
    this.path = path
    this.size = size
    this.#handle = handle
  }

  get name(): string {
    return this.path
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (!this.#handle) throw new DisposedError({ what: this.path })
    checkRange(this.path, this.size, offset, length)
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      signal?.throwIfAborted()
      const { bytesRead } = await this.#handle.read(bytes, done, Math.min(chunkBytes, length - done), offset + done)
      if (bytesRead === 0)
        throw new FileFormatError({
          file: this.path,
          format: 'model',
          offset: offset + done,
          problem: 'the file became shorter while it was read',
        })
      done += bytesRead
    }
    return bytes
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }
}
