import type { Readable } from 'node:stream'
import { InputError } from '../errors/input-error.ts'
import { textOfBytes } from './text-of-bytes.ts'

const largestBytes = 256_000_000

/** All text of a stream. Throws `InputError` for binary data; an abort ends the wait. */
export async function readStdin(stdin: Readable, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  const stop = () => stdin.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    for await (const chunk of stdin) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array)
      size += bytes.byteLength
      if (size > largestBytes) throw new InputError({ path: 'stdin', problem: `more than ${largestBytes / 1e6} MB` })
      chunks.push(bytes)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
  signal.throwIfAborted()
  const text = textOfBytes(Buffer.concat(chunks))
  if (text === undefined) throw new InputError({ path: 'stdin', problem: 'is not UTF-8 text' })
  return text
}
