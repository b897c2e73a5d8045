import { LcError } from './lc-error.ts'

/** The answer of a model does not parse. */
export class OutputParseError extends LcError {
  readonly code = 'output-parse'
  readonly text: string
  readonly expected: string
  readonly position?: number | undefined

  constructor(fields: { text: string; expected: string; position?: number | undefined; cause?: unknown }) {
    super(
      `expected ${fields.expected}${fields.position === undefined ? '' : ` at position ${fields.position}`}; got ${JSON.stringify(fields.text.slice(0, 80))}`,
      { cause: fields.cause },
    )
    this.text = fields.text
    this.expected = fields.expected
    this.position = fields.position
  }
}
