import { LcError } from './lc-error.ts'

/** An HTTP call failed for good, after retries. `body` is cut to 2 kB and redacted. */
export class ApiCallError extends LcError {
  readonly code = 'api-call'
  readonly endpoint: string
  readonly retryable: boolean
  readonly status?: number | undefined
  readonly body?: string | undefined
  readonly problem?: string | undefined

  constructor(fields: {
    endpoint: string
    retryable: boolean
    status?: number | undefined
    body?: string | undefined
    problem?: string | undefined
    cause?: unknown
  }) {
    super(
      `the call of ${fields.endpoint} failed${fields.status ? ` with status ${fields.status}` : ''}${fields.problem ? `: ${fields.problem}` : ''}`,
      { cause: fields.cause },
    )
    this.endpoint = fields.endpoint
    this.retryable = fields.retryable
    this.status = fields.status
    this.body = fields.body
    this.problem = fields.problem
  }
}
