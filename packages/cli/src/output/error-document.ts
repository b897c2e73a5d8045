import { errorToJson, formatErrorReport, isLcError } from '@lc/model/errors'
import { describeSystemError } from '../errors/input-error.ts'

/** What `--json` prints for a failure: `{"error":{"code","message",...}}`. */
export interface ErrorDocument {
  error: { code: string; message: string } & Record<string, unknown>
}

/** A failure as data. */
export function errorDocument(error: unknown, signal: AbortSignal): ErrorDocument {
  if (signal.aborted) return { error: { code: 'aborted', message: 'interrupted' } }
  if (isLcError(error)) {
    const { code, message, ...fields } = errorToJson(error)
    return { error: { code: String(code), message: String(message), ...fields } }
  }
  const system = (error as { code?: unknown } | null)?.code
  if (typeof system === 'string' && /^E[A-Z]+$/.test(system)) {
    const path = (error as { path?: unknown }).path
    const where = typeof path === 'string' ? `${path}: ` : ''
    return { error: { code: 'system', message: `${where}${describeSystemError(error)}`, system } }
  }
  return { error: { code: 'unexpected', message: error instanceof Error ? error.message : String(error) } }
}

/** A failure as lines for people; `stack` adds where it happened. */
export function errorLines(error: unknown, signal: AbortSignal, stack: boolean): string {
  const { code, message } = errorDocument(error, signal).error
  if (code === 'aborted') return 'lc: interrupted\n'
  // what is wrong with a command line is said in one line
  if (code === 'usage' || (code === 'system' && !stack)) return `lc: ${message}\n`
  return `lc: ${formatErrorReport(error, { stack: stack ? 'full' : 'none' })}\n`
}
