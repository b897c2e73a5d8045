import type { JsonValue } from '../capability/json-value.ts'
import { DisposedError } from '../errors/disposed-error.ts'
import type { Journal } from './journal.ts'

/** A journal that lasts as long as the process: work that is started again within it resumes. */
export function memoryJournal(): Journal {
  const entries = new Map<string, string>()
  let closed = false
  const check = (): void => {
    if (closed) throw new DisposedError({ what: 'the journal' })
  }
  return {
    async get(key) {
      check()
      const entry = entries.get(key)
      return entry === undefined ? undefined : (JSON.parse(entry) as JsonValue)
    },
    async append(key, value) {
      check()
      // kept as text: a later change of the value must not change the record
      entries.set(key, JSON.stringify(value))
    },
    async close() {
      closed = true
    },
  }
}
