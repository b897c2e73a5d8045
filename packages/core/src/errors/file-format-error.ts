import { LcError } from '@lc/model/errors'

/** A file that breaks its own format: where in the file, and what is wrong there. */
export class FileFormatError extends LcError {
  readonly code = 'file-format'
  readonly file: string
  /** For example `gguf`, `safetensors`, `tokenizer.json`. */
  readonly format: string
  /** Byte offset of the fault, where one can be named. */
  readonly offset?: number
  readonly problem: string

  constructor(fields: { file: string; format: string; offset?: number; problem: string; cause?: unknown }) {
    super(
      `${fields.file} is not a valid ${fields.format} file${fields.offset === undefined ? '' : ` (at byte ${fields.offset})`}: ${fields.problem}`,
      { cause: fields.cause },
    )
    this.file = fields.file
    this.format = fields.format
    if (fields.offset !== undefined) this.offset = fields.offset
    this.problem = fields.problem
  }
}
