import type { LocalModel, SessionOptions } from '@lc/core'
import type { GenerateRequest, ScoreOptions, StreamPart } from '@lc/model'
import { asyncDispose } from '@lc/model/dispose'
import { type PolicyChoice, readPolicy } from './read-policy.ts'

/**
 * The same model with policies by name: `generate`, `stream` and `score` take `policy: { name: 'snap-kv', budget: 1024 }` beside
 * `CachePolicy` objects, so that a server or the AI SDK can hand on what a request says. With a policy given here, `generate`, `stream`
 * and `session` use it where they name none (`'full'` names the whole cache); such requests do not share prefixes by `cacheKey`, which
 * needs the whole cache. `score` uses a policy only where it names one. Closing either closes the model.
 *
 * @throws InvalidArgumentError, BudgetTooSmallError for a policy that cannot be, here or from the call that names it
 * @example
 * ```ts
 * import { loadModel } from '@lc/core'
 * import { withCachePolicy } from '@lc/kv'
 *
 * export async function answer(prompt: string): Promise<string> {
 *   await using model = withCachePolicy(await loadModel('smollm2-135m'), { name: 'snap-kv', budget: 1024 })
 *   return (await model.generate({ prompt })).text
 * }
 * ```
 */
export function withCachePolicy(model: LocalModel, policy?: PolicyChoice): LocalModel {
  const fallback = policy === undefined ? undefined : readPolicy(policy)
  const requestUnder = (request: GenerateRequest): GenerateRequest => {
    if (request.policy !== undefined) {
      const own = readPolicy(request.policy)
      // the whole cache is what a request without a policy has, shared prefixes included
      return own.id === 'full' ? withoutPolicy(request) : { ...request, policy: own }
    }
    if (fallback === undefined || fallback.id === 'full') return request
    const { cacheKey: _, ...rest } = request
    return { ...rest, policy: fallback }
  }
  const scoreUnder = ({ policy: named, ...options }: ScoreOptions): ScoreOptions =>
    named === undefined ? options : { ...options, policy: readPolicy(named) }
  const sessionUnder = (options: SessionOptions): SessionOptions =>
    options.policy === undefined && fallback ? { ...options, policy: fallback } : options
  return {
    id: model.id,
    contextLength: model.contextLength,
    tokenizer: model.tokenizer,
    config: model.config,
    generate: async (request, options) => model.generate(requestUnder(request), options),
    stream: (request, options) => {
      try {
        return model.stream(requestUnder(request), options)
      } catch (error) {
        return failingStream(error)
      }
    },
    score: async (requests, options = {}) => model.score(requests, scoreUnder(options)),
    ...(model.prepare && { prepare: model.prepare.bind(model) }),
    attend: (request, options) => model.attend(request, options),
    session: (options = {}) => model.session(sessionUnder(options)),
    promptIds: (request) => model.promptIds(request),
    hidden: (request, options) => model.hidden(request, options),
    logits: (request, options) => model.logits(request, options),
    close: () => model.close(),
    [asyncDispose]: () => model.close(),
  }
}

// biome-ignore lint/correctness/useYield: a stream fails where it is read, as that of the model does
async function* failingStream(error: unknown): AsyncGenerator<StreamPart> {
  throw error
}

function withoutPolicy({ policy: _, ...request }: GenerateRequest): GenerateRequest {
  return request
}
