import { LcError } from './lc-error.ts'

/** Something was used after it had been closed. */
export class DisposedError extends LcError {
  readonly code = 'disposed'
  readonly what: string

  constructor(fields: { what: string; cause?: unknown }) {
    super(`${fields.what} is closed`, { cause: fields.cause })
    this.what = fields.what
  }
}
