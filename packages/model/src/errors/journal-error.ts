import { LcError } from './lc-error.ts'

/** A journal on disk cannot be used to resume: it is damaged, of another kind, or in use. */
export class JournalError extends LcError {
  readonly code = 'journal'
  readonly path: string
  /** Counted from 1. */
  readonly line?: number | undefined
  readonly problem: string

  constructor(fields: { path: string; line?: number | undefined; problem: string; cause?: unknown }) {
    super(`${fields.path}${fields.line === undefined ? '' : `, line ${fields.line}`}: ${fields.problem}`, {
      cause: fields.cause,
    })
    this.path = fields.path
    this.line = fields.line
    this.problem = fields.problem
  }
}
