/** @file Sessions as files: written whole or not at all, read back checked. */
import { readFile } from 'node:fs/promises'
import type { CacheSession } from '@lc/core'
import type { CallOptions } from '@lc/model'
import { atomicWrite } from '@lc/model/node'

/**
 * Saves a session to a file. The file shows the old content or the whole new one, also after a crash.
 *
 * @example
 * ```ts
 * import { loadModel } from '@lc/core'
 * import { kvZip } from '@lc/kv'
 * import { restoreSession, saveSession } from '@lc/kv/node'
 *
 * export async function readOnce(text: string, file: string): Promise<void> {
 *   await using model = await loadModel('smollm2-135m')
 *   await using session = model.session({ policy: kvZip({ budget: '25%' }) })
 *   await session.prefill(text)
 *   await saveSession(session, file)
 * }
 *
 * export async function askLater(question: string, file: string): Promise<string> {
 *   await using model = await loadModel('smollm2-135m')
 *   await using session = model.session({ policy: kvZip({ budget: '25%' }) })
 *   await restoreSession(session, file)
 *   await session.prefill(question)
 *   return (await session.decode({ maxTokens: 60 })).text
 * }
 * ```
 */
export async function saveSession(session: CacheSession, path: string, options: CallOptions = {}): Promise<void> {
  const { signal } = options
  signal?.throwIfAborted()
  await atomicWrite(path, await session.save(), { signal })
}

/**
 * Puts the state of a file in place of a session's, which must have the same model, policy and planned length. The session stays as it
 * is where that fails.
 *
 * @throws FileFormatError for a file that is none, was changed or shortened, or comes from another model; InvalidArgumentError for one
 * of another policy; an error of the file system as it is
 */
export async function restoreSession(session: CacheSession, path: string, options: CallOptions = {}): Promise<void> {
  const { signal } = options
  await session.restore(await readFile(path, { signal }))
}
