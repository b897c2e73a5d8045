import { LcError } from '@lc/model/errors'

/** An allocation that was refused before it was made. */
export class MemoryLimitError extends LcError {
  readonly code = 'memory-limit'
  readonly requestedBytes: number
  readonly limitBytes: number
  /** What the memory is for. */
  readonly what: string

  constructor(fields: { requestedBytes: number; limitBytes: number; what: string; cause?: unknown }) {
    super(`${fields.what} needs ${fields.requestedBytes} bytes; the limit is ${fields.limitBytes}`, {
      cause: fields.cause,
    })
    this.requestedBytes = fields.requestedBytes
    this.limitBytes = fields.limitBytes
    this.what = fields.what
  }
}
