import { isLcError } from './lc-error.ts'

/** An error as data that JSON keeps. */
export interface ErrorAsJson {
  name: string
  code: string
  message: string
  /** The fields of the error's class. */
  [field: string]: unknown
}

/**
 * Any thrown value as plain data with `code` and `message`, as for `--json` output and for messages between workers.
 * Errors that are not of lc have the code `'unknown'`, aborts `'aborted'`. Stacks and causes are left out.
 */
export function errorToJson(error: unknown): ErrorAsJson {
  if (isLcError(error)) return plain(error.toJSON()) as ErrorAsJson
  if (error instanceof Error)
    return { name: error.name, code: error.name === 'AbortError' ? 'aborted' : 'unknown', message: error.message }
  return { name: 'Error', code: 'unknown', message: String(error) }
}

/** What JSON keeps of a value; numbers that JSON has no form for become strings. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return each.toString()
    return typeof each === 'number' && !Number.isFinite(each) ? String(each) : each
  })
  return text === undefined ? null : JSON.parse(text)
}
