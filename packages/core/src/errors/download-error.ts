import { LcError } from '@lc/model/errors'

/** A file that could not be fetched, or whose bytes are not the promised ones. */
export class DownloadError extends LcError {
  readonly code = 'download'
  readonly repository: string
  readonly file: string
  /** HTTP status, where there was an answer. */
  readonly status?: number
  readonly expectedHash?: string
  readonly actualHash?: string
  readonly problem: string
  /** What the caller can do about it. */
  readonly advice?: string

  constructor(fields: {
    repository: string
    file: string
    problem: string
    status?: number
    expectedHash?: string
    actualHash?: string
    advice?: string
    cause?: unknown
  }) {
    super(
      `${fields.file} of ${fields.repository} could not be fetched: ${fields.problem}${fields.advice ? `; ${fields.advice}` : ''}`,
      { cause: fields.cause },
    )
    this.repository = fields.repository
    this.file = fields.file
    if (fields.status !== undefined) this.status = fields.status
    if (fields.expectedHash !== undefined) this.expectedHash = fields.expectedHash
    if (fields.actualHash !== undefined) this.actualHash = fields.actualHash
    this.problem = fields.problem
    if (fields.advice !== undefined) this.advice = fields.advice
  }
}
