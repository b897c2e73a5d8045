import type { GenerateRequest } from '@lc/model'
import { UnsupportedCapabilityError } from '@lc/model/errors'
import { schemaConstraint } from '../../generate/json-schema/schema-constraint.ts'
import type { TokenConstraint } from '../../generate/token-constraint.ts'

/**
 * What the output of a request must be.
 *
 * @throws UnsupportedCapabilityError for what cannot be enforced.
 */
export function constraintFor(request: GenerateRequest, model: string): TokenConstraint | undefined {
  const { toolChoice, responseSchema } = request
  if (toolChoice === 'required' || typeof toolChoice === 'object')
    throw new UnsupportedCapabilityError({
      model,
      capability: 'be made to call a tool',
      alternatives: "use toolChoice 'auto'",
    })
  return responseSchema === undefined ? undefined : schemaConstraint(responseSchema, model)
}
