import type { LocalModel } from '@lc/core'
import {
  type CallOptions,
  type ContextState,
  createRunContext,
  type GenerateRequest,
  type Passage,
  renderPassages,
  type Stage,
} from '@lc/model'
import { checkArgument, checkInteger } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import { specKv, specKvDefaults } from './spec-kv.ts'

/** Options of `specKvCascade`. */
export interface SpecKvCascadeOptions extends CallOptions {
  /** The draft model, with the target's vocabulary. */
  readonly draft: LocalModel
  /** What is asked about. */
  readonly passages: readonly Passage[]
  readonly query?: string
  /** Shortens the passages: SpecPC of `@lc/compress`, or any other compressor. */
  readonly compress: Stage<ContextState, ContextState>
  /** The request for a context: once for all passages, which the draft answers, and once for what is left of them. */
  readonly request: (context: string) => GenerateRequest
  /** The budget of the cache, of the shortened prompt. */
  readonly budget: CacheBudget
  /** Tokens that the draft says ahead. Defaults to 64. */
  readonly tokens?: number
}

/**
 * The cascade of SpecPC and SpecKV: a compressor shortens the prompt, and the cache of what is left keeps what the draft model's answer to
 * the whole prompt looks at. Gives the request for the target, with the policy in it: `model.generate(await specKvCascade(...))`.
 *
 * "Draft-based Approximate Inference for LLMs" (ICLR 2026, arXiv 2506.08373), SpecKV-PC: published with a prompt of 2,048 tokens and a cache of 256 to 1,024.
 */
export async function specKvCascade(options: SpecKvCascadeOptions): Promise<GenerateRequest> {
  const { draft, passages, query, compress, request, budget, signal } = options
  checkArgument(passages.length > 0, 'passages', passages, 'at least one passage')
  const tokens = checkInteger(options.tokens ?? specKvDefaults.tokens, 'tokens', { min: 1 })
  const whole = request(renderPassages(passages).text)
  const { ids = new Uint32Array(0) } = await draft.generate({ ...whole, maxTokens: tokens, signal })
  const given: ContextState = { passages: [...passages], reports: [], ...(query !== undefined && { query }) }
  const state = await compress(given, createRunContext({ signal }))
  const short = request(renderPassages(state.passages).text)
  // a draft that says nothing leaves the choice to the end of the prompt
  const last = draft.promptIds(short).at(-1)!
  return { ...short, policy: specKv({ budget, lookahead: { ids: ids.length > 0 ? ids : [last] } }) }
}
