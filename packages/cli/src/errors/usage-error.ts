import { LcError } from '@lc/model/errors'

/** The command line itself is wrong: an unknown option, a missing value. Exit code 2. */
export class UsageError extends LcError {
  readonly code = 'usage'
  readonly problem: string
  /** The command whose help applies, if one was recognised. */
  readonly command?: string | undefined

  constructor(fields: { problem: string; command?: string | undefined; cause?: unknown }) {
    super(`${fields.problem}; see \`lc ${fields.command ? `${fields.command} ` : ''}--help\``, { cause: fields.cause })
    this.problem = fields.problem
    this.command = fields.command
  }
}
