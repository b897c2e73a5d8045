import { LcError } from '@lc/model/errors'

/** A cache policy or attention pattern asks for what a model or session cannot give. */
export class PolicyPlanError extends LcError {
  readonly code = 'policy-plan'
  readonly policy: string
  /** What cannot be had. */
  readonly missing: string

  constructor(fields: { policy: string; missing: string; cause?: unknown }) {
    super(`the policy ${fields.policy} cannot run here: ${fields.missing}`, { cause: fields.cause })
    this.policy = fields.policy
    this.missing = fields.missing
  }
}
