import { LcError } from './lc-error.ts'

/** The input is longer than the context of the model. */
export class ContextLengthError extends LcError {
  readonly code = 'context-length'
  readonly tokens: number
  readonly limit: number
  readonly model: string

  constructor(fields: { tokens: number; limit: number; model: string; cause?: unknown }) {
    super(`${fields.tokens} tokens do not fit the context of ${fields.model} (${fields.limit} tokens)`, {
      cause: fields.cause,
    })
    this.tokens = fields.tokens
    this.limit = fields.limit
    this.model = fields.model
  }
}
