import { contentHash, type JsonValue } from '@lc/model'
import { fileJournal } from '@lc/model/node'

/** The result of a piece of work: what was recorded for it, or what the work gives, which is then recorded. */
export type Remember = <T>(key: string, say: (line: string) => void, work: () => Promise<T>) => Promise<T>

/** Finished pieces in a file, so that a run that was cut goes on; without a file nothing is recorded. */
export async function benchJournal(
  path: string | undefined,
  purpose: JsonValue,
): Promise<{ remember: Remember; close: () => Promise<void> }> {
  const journal = path === undefined ? undefined : await fileJournal(path, { purpose: contentHash({ json: purpose }) })
  return {
    async remember<T>(key: string, say: (line: string) => void, work: () => Promise<T>): Promise<T> {
      const known = await journal?.get(key)
      if (known !== undefined) {
        say(`${key}: recorded`)
        return known as T
      }
      const start = performance.now()
      const result = await work()
      await journal?.append(key, result as JsonValue)
      say(`${key}: ${((performance.now() - start) / 1000).toFixed(0)} s`)
      return result
    },
    close: async () => journal?.close(),
  }
}
