import { LcError } from './lc-error.ts'

/** A deadline of ours passed. */
export class TimeoutError extends LcError {
  readonly code = 'timeout'
  readonly operation: string
  readonly timeoutMs: number

  constructor(fields: { operation: string; timeoutMs: number; cause?: unknown }) {
    super(`${fields.operation} took longer than ${fields.timeoutMs} ms`, { cause: fields.cause })
    this.operation = fields.operation
    this.timeoutMs = fields.timeoutMs
  }
}
