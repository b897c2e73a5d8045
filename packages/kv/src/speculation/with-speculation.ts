import { type CachePolicy, fullCache, type GenerateOptions, type LocalModel, type TokenStepsStart } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import type { GenerateRequest, GenerateResult, LanguageModel, StreamPart } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import type { Drafter } from './drafter.ts'
import { type SpeculationReport, SpeculativeSteps } from './speculative-steps.ts'

/** An answer, and how speculation went. */
export interface SpeculativeResult extends GenerateResult {
  speculation: SpeculationReport
}

/** A part of a stream; the last one also says how speculation went. */
export type SpeculativePart =
  | Exclude<StreamPart, { type: 'finish' }>
  | (Extract<StreamPart, { type: 'finish' }> & { speculation: SpeculationReport })

/** A local model that answers faster where a drafter guesses well. */
export interface SpeculativeModel extends LanguageModel {
  generate(request: GenerateRequest): Promise<SpeculativeResult>
  stream(request: GenerateRequest): AsyncIterable<SpeculativePart>
}

/**
 * The model with speculative decoding: a drafter guesses the next tokens, and one run of the model checks them all. Options and results
 * are those of the model's own `generate` and `stream`, with `speculation` besides. Greedy answers are those of the model alone, and
 * drawn ones are distributed as its own, but for drafters whose rule says otherwise (`rapid`). That holds up to rounding: several
 * tokens in one run are added up in another order than one, which `accuracy: 'exact'` keeps to the last bits; with the default `'fast'`
 * integer products round what is near a tie either way.
 *
 * A request has one answer (`n` of 1) and no `cacheKey`; a `policy` must leave the cache alone while tokens are generated. The model
 * stays the caller's, to be closed by it.
 *
 * Leviathan et al., "Fast Inference from Transformers via Speculative Decoding" (ICML 2023).
 */
export function withSpeculation(model: LocalModel, drafter: Drafter): SpeculativeModel {
  return {
    id: model.id,
    contextLength: model.contextLength,
    tokenizer: model.tokenizer,
    async generate(request) {
      const speculation = speculate(model, drafter)
      const result = await model.generate(request, speculation.options)
      return { ...result, speculation: speculation.report() }
    },
    async *stream(request) {
      const speculation = speculate(model, drafter)
      for await (const part of model.stream(request, speculation.options))
        yield part.type === 'finish' ? { ...part, speculation: speculation.report() } : part
    },
  }
}

function speculate(model: LocalModel, drafter: Drafter): { options: GenerateOptions; report: () => SpeculationReport } {
  let steps: SpeculativeSteps | undefined
  return {
    options: { steps: async (start) => (steps = await begin(model, drafter, start)) },
    report: () => steps?.report ?? { drafter: drafter.id, drafted: 0, accepted: 0, passes: 0 },
  }
}

async function begin(model: LocalModel, drafter: Drafter, start: TokenStepsStart): Promise<SpeculativeSteps> {
  const { accuracy, prompt, limit } = start
  const target = model.session({ policy: policyOf(start.policy), accuracy, plannedLength: prompt.length + limit })
  try {
    const draftStart = { ...start, model, target }
    return new SpeculativeSteps(draftStart, drafter, await drafter.start(draftStart))
  } catch (error) {
    await target.close()
    throw error
  }
}

function policyOf(policy: unknown): CachePolicy {
  if (policy === undefined) return fullCache
  const fits = typeof policy === 'object' && policy !== null && 'start' in policy && 'triggers' in policy
  checkArgument(fits, 'policy', policy, 'a CachePolicy of @lc/core')
  const given = policy as unknown as CachePolicy
  if (given.triggers.some(({ on }) => on === 'step' || on === 'overflow'))
    throw new PolicyPlanError({
      policy: given.id,
      missing: 'a cache that stays as it is while drafted tokens are verified; the policy acts between tokens',
    })
  return given
}
