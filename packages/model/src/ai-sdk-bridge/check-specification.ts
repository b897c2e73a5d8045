import { checkArgument, checkOneOf } from '../check/check-argument.ts'

const accepted = ['v2', 'v3', 'v4'] as const

/**
 * Whether a value is a model of the AI SDK in a version that is known.
 *
 * @throws InvalidArgumentError that names the accepted versions.
 */
export function checkSpecification(model: unknown, method: 'doGenerate' | 'doEmbed'): void {
  checkArgument(
    typeof model === 'object' && model !== null && method in model,
    'model',
    model,
    `a model object of the AI SDK with ${method} (for a model name, ask its provider for the object)`,
  )
  checkOneOf((model as { specificationVersion?: unknown }).specificationVersion, 'model.specificationVersion', accepted)
}
