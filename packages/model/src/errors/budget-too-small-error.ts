import { LcError } from './lc-error.ts'

/** Protected parts alone exceed the token budget. */
export class BudgetTooSmallError extends LcError {
  readonly code = 'budget-too-small'
  readonly budget: number
  readonly minimum: number
  readonly reason: string

  constructor(fields: { budget: number; minimum: number; reason: string; cause?: unknown }) {
    super(`the budget of ${fields.budget} tokens is too small: ${fields.reason} needs at least ${fields.minimum}`, {
      cause: fields.cause,
    })
    this.budget = fields.budget
    this.minimum = fields.minimum
    this.reason = fields.reason
  }
}
