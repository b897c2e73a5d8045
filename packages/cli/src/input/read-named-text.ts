import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { describeSystemError, InputError } from '../errors/input-error.ts'
import { readStdin } from './read-stdin.ts'
import { textOfBytes } from './text-of-bytes.ts'

/** The text of one file, or of the standard input for `-`. Throws `InputError` for what is not UTF-8 text. */
export async function readNamedText(
  path: string,
  from: { cwd: string; stdin: Readable; signal: AbortSignal },
): Promise<string> {
  if (path === '-') return readStdin(from.stdin, from.signal)
  let bytes: Uint8Array
  try {
    bytes = await readFile(resolve(from.cwd, path), { signal: from.signal })
  } catch (cause) {
    from.signal.throwIfAborted()
    throw new InputError({ path, problem: describeSystemError(cause), cause })
  }
  const text = textOfBytes(bytes)
  if (text === undefined) throw new InputError({ path, problem: 'is not UTF-8 text' })
  return text
}
