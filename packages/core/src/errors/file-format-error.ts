import { LcError } from '@lc/model/errors'

/** A file is damaged, lies about its contents, or holds something that lc does not read. */
export class FileFormatError extends LcError {
  readonly code = 'file-format'
  /** Path, address or name of the file. */
  readonly file: string
  /** For example `gguf`, `safetensors`, `tokenizer.json`. */
  readonly format: string
  /** Byte offset in the file where the problem was seen; missing when it concerns the file as a whole. */
  readonly offset?: number | undefined
  readonly problem: string

  constructor(fields: { file: string; format: string; offset?: number | undefined; problem: string; cause?: unknown }) {
    super(
      `${fields.file} is not a ${fields.format} file that lc can read: ${fields.problem}${fields.offset === undefined ? '' : ` (at byte ${fields.offset})`}`,
      { cause: fields.cause },
    )
    this.file = fields.file
    this.format = fields.format
    this.offset = fields.offset
    this.problem = fields.problem
  }
}
