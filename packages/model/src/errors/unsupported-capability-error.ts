import { LcError } from './lc-error.ts'

/** A model or server cannot do what was asked; nothing is silently ignored. */
export class UnsupportedCapabilityError extends LcError {
  readonly code = 'unsupported-capability'
  readonly model: string
  readonly capability: string
  readonly neededBy?: string | undefined
  readonly alternatives?: string | undefined

  constructor(fields: {
    model: string
    capability: string
    neededBy?: string | undefined
    alternatives?: string | undefined
    cause?: unknown
  }) {
    super(
      `${fields.model} cannot ${fields.capability}${fields.neededBy ? `, which ${fields.neededBy} needs` : ''}${fields.alternatives ? `; ${fields.alternatives}` : ''}`,
      { cause: fields.cause },
    )
    this.model = fields.model
    this.capability = fields.capability
    this.neededBy = fields.neededBy
    this.alternatives = fields.alternatives
  }
}
