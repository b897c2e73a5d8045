import { LcError } from './lc-error.ts'

/** An invariant of lc is broken: a fault of lc, worth a report. */
export class InternalError extends LcError {
  readonly code = 'internal'
  readonly invariant: string

  constructor(fields: { invariant: string; cause?: unknown }) {
    super(`internal error: ${fields.invariant}; please report this`, { cause: fields.cause })
    this.invariant = fields.invariant
  }
}
