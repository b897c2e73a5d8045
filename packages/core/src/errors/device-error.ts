import { LcError } from '@lc/model/errors'

/** A device that cannot be opened, cannot take a graph, or failed while running one. */
export class DeviceError extends LcError {
  readonly code = 'device'
  /** The kind of device, for example `webgpu`. */
  readonly device: string
  /** What was being done: open, compile, run, read. */
  readonly operation: string
  /** What went wrong. */
  readonly problem: string
  /** What to do instead. */
  readonly fallback?: string

  constructor(fields: { device: string; operation: string; problem: string; fallback?: string; cause?: unknown }) {
    super(
      `${fields.device} could not ${fields.operation}: ${fields.problem}${fields.fallback ? `; ${fields.fallback}` : ''}`,
      { cause: fields.cause },
    )
    this.device = fields.device
    this.operation = fields.operation
    this.problem = fields.problem
    if (fields.fallback !== undefined) this.fallback = fields.fallback
  }
}
