import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import type { Attender } from './attender.ts'
import type { Embedder } from './embedder.ts'
import type { LanguageModel } from './language-model.ts'
import type { Reranker } from './reranker.ts'
import type { Scorer } from './scorer.ts'
import type { TokenClassifier } from './token-classifier.ts'

/** The capabilities of models by the method that shows them. */
export interface Capabilities {
  generate: LanguageModel
  score: Scorer
  attend: Attender
  embed: Embedder
  rank: Reranker
  classify: TokenClassifier
}

const whoCan: { readonly [K in keyof Capabilities]: string } = {
  generate: 'give a LanguageModel, such as a local decoder or a chat server',
  score: 'give a Scorer, such as a local decoder or a server that returns prompt log-probabilities',
  attend: 'give an Attender, such as a local decoder',
  embed: 'give an Embedder, such as a local encoder or a server with embeddings',
  rank: 'give a Reranker, such as a local cross-encoder',
  classify: 'give a TokenClassifier, such as a local token-classification encoder',
}

/** Whether a model has a capability. */
export function hasCapability<Model extends object, K extends keyof Capabilities>(
  model: Model,
  capability: K,
): model is Model & Capabilities[K] {
  return typeof (model as Record<string, unknown>)[capability] === 'function'
}

/**
 * The model, typed as having a capability.
 *
 * @param neededBy names the method in the error, for example `longCodeZip`
 * @throws UnsupportedCapabilityError when it has not.
 */
export function requireCapability<Model extends object, K extends keyof Capabilities>(
  model: Model,
  capability: K,
  neededBy: string,
): Model & Capabilities[K] {
  if (hasCapability(model, capability)) return model
  const { id } = model as { id?: unknown }
  throw new UnsupportedCapabilityError({
    model: typeof id === 'string' ? id : 'the given model',
    capability,
    neededBy,
    alternatives: whoCan[capability],
  })
}
