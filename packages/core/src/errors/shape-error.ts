import { LcError } from '@lc/model/errors'

/** Operands whose sizes or element types do not fit an op, or a feed that does not fit its input. */
export class ShapeError extends LcError {
  readonly code = 'shape'
  /** The op or input concerned. */
  readonly op: string
  /** The operands as text, for example `float32 [T, 576]`. */
  readonly shapes: readonly string[]
  /** What must hold. */
  readonly rule: string

  constructor(fields: { op: string; shapes: readonly string[]; rule: string; cause?: unknown }) {
    super(`${fields.op}: ${fields.rule}; got ${fields.shapes.join(' and ') || 'nothing'}`, { cause: fields.cause })
    this.op = fields.op
    this.shapes = fields.shapes
    this.rule = fields.rule
  }
}
