import { isLcError } from '@lc/model/errors'
import { describeSystemError } from '../errors/input-error.ts'

/** What `--json` prints for a failure: `{"error":{"code","message",...}}`. */
export interface ErrorDocument {
  error: { code: string; message: string } & Record<string, unknown>
}

/** A failure as data. */
export function errorDocument(error: unknown, signal: AbortSignal): ErrorDocument {
  if (signal.aborted) return { error: { code: 'aborted', message: 'interrupted' } }
  if (isLcError(error)) {
    const { code, message, ...fields } = error.toJSON()
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
  const causes = causeMessages(error).map((cause) => `  because: ${cause}\n`)
  const trace = stack && error instanceof Error && error.stack ? `${error.stack}\n` : ''
  return `lc: ${message}\n${causes.join('')}${trace}`
}

function causeMessages(error: unknown): string[] {
  const messages: string[] = []
  let cause = (error as { cause?: unknown } | null)?.cause
  while (cause !== undefined && cause !== null && messages.length < 4) {
    if (!isUsage(error)) messages.push(cause instanceof Error ? cause.message : String(cause))
    cause = (cause as { cause?: unknown }).cause
  }
  return messages
}

function isUsage(error: unknown): boolean {
  return isLcError(error) && error.code === 'usage'
}
