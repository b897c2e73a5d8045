import { errorToJson } from './error-to-json.ts'
import { isLcError } from './lc-error.ts'

/** Options of `formatErrorReport`. */
export interface FormatErrorReportOptions {
  /** Whether the stack is shown. Defaults to `'none'`. */
  stack?: 'none' | 'full'
}

/** How many causes are followed: a chain may be a circle. */
const deepestCause = 8
const longestField = 200

/**
 * An error for people: code and message, the fields of the error one a line, then what caused it.
 *
 * @example
 * ```ts
 * import { DisposedError, formatErrorReport } from '@lc/model/errors'
 *
 * console.error(formatErrorReport(new DisposedError({ what: 'the model' })))
 * // disposed: the model is closed
 * //   what: the model
 * ```
 */
export function formatErrorReport(error: unknown, options: FormatErrorReportOptions = {}): string {
  const lines: string[] = []
  let current = error
  for (let depth = 0; depth < deepestCause && current !== undefined; depth++) {
    const { code, name, message, ...fields } = errorToJson(current)
    const label = isLcError(current) ? code : name
    lines.push(`${depth === 0 ? '' : 'caused by '}${label}: ${message}`)
    for (const [field, value] of Object.entries(fields)) lines.push(`  ${field}: ${shorten(value)}`)
    if (options.stack === 'full' && current instanceof Error && current.stack) lines.push(...stackLines(current.stack))
    current = current instanceof Error ? current.cause : undefined
  }
  return lines.join('\n')
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const line = text.replace(/\s+/g, ' ')
  return line.length > longestField ? `${line.slice(0, longestField - 3)}...` : line
}

function stackLines(stack: string): string[] {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => `  ${line.trim()}`)
}
