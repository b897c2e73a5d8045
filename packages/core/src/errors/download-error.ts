import { LcError } from '@lc/model/errors'

/** A model file could not be had: the source is unreachable or refuses, or the bytes are not the expected ones. */
export class DownloadError extends LcError {
  readonly code = 'download'
  /** The hub repository, package or alias. */
  readonly repository: string
  readonly file: string
  readonly problem: string
  readonly status?: number | undefined
  readonly expectedHash?: string | undefined
  readonly actualHash?: string | undefined
  /** What the caller can do about it. */
  readonly advice?: string | undefined

  constructor(fields: {
    repository: string
    file: string
    problem: string
    status?: number | undefined
    expectedHash?: string | undefined
    actualHash?: string | undefined
    advice?: string | undefined
    cause?: unknown
  }) {
    super(
      `cannot get ${fields.file} of ${fields.repository}: ${fields.problem}${fields.advice ? `; ${fields.advice}` : ''}`,
      { cause: fields.cause },
    )
    this.repository = fields.repository
    this.file = fields.file
    this.problem = fields.problem
    this.status = fields.status
    this.expectedHash = fields.expectedHash
    this.actualHash = fields.actualHash
    this.advice = fields.advice
  }
}
