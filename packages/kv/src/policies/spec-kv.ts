import type { CacheEvent, LocalModel } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import { checkArgument, checkInteger } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import { columnsOf } from '../policy/observed-columns.ts'
import { type ScoredPolicy, type SlotScores, scoredPolicy } from '../policy/scored-policy.ts'
import { checkPooling, type Pooling, poolScores } from '../scorers/pool-scores.ts'

/** Where lookahead tokens come from: a model that answers the prompt, or the tokens themselves. */
export type Lookahead =
  | { readonly model: LocalModel; readonly tokens?: number }
  /** Token ids of an answer, in the target's vocabulary. */
  | { readonly ids: ArrayLike<number> }

/** Options of `specKv`. */
export interface SpecKvOptions {
  readonly budget: CacheBudget
  /** A draft model with the target's vocabulary answers the prompt with 64 tokens, or as many as are said; it stays the caller's. */
  readonly lookahead: Lookahead
  /** Last tokens of the prompt whose queries are observed and whose slots stay. Defaults to 33. */
  readonly window?: number
  /** Joins neighbouring scores. Defaults to the largest of 7. */
  readonly pooling?: Pooling
}

/** The defaults of `specKv`: those of the published runs. Officially the window is 32 and the last token comes on top of the budget. */
export const specKvDefaults = Object.freeze({
  tokens: 64,
  window: 33,
  pooling: Object.freeze({ kind: 'max', kernel: 7 } as const),
})

/**
 * SpecKV: what the end of the prompt and a draft model's answer look at, by the largest attention of any of these queries. The answer is
 * run through the target for its queries and then dropped: it chooses slots, not words. Acts once, at the end of a prompt, which takes the
 * draft's reading and answering on top.
 *
 * "Draft-based Approximate Inference for LLMs" (ICLR 2026, arXiv 2506.08373); furiosa-ai/draft-based-approx-llm. Officially drafts have
 * as many tokens as the answer may have; here 64. Its sparse prefill is left out. A budget of C + 1 here is C there.
 *
 * @throws PolicyPlanError, once a session begins, for a draft model of another vocabulary
 */
export function specKv(options: SpecKvOptions): ScoredPolicy {
  const { lookahead } = options
  const window = checkInteger(options.window ?? specKvDefaults.window, 'window', { min: 1 })
  const pooling = checkPooling(options.pooling ?? specKvDefaults.pooling)
  if ('ids' in lookahead) checkArgument(lookahead.ids.length > 0, 'lookahead', lookahead.ids, 'at least one token')
  else checkInteger(lookahead.tokens ?? specKvDefaults.tokens, 'lookahead.tokens', { min: 1 })
  return scoredPolicy({
    id: 'spec-kv',
    budget: options.budget,
    window,
    triggers: [{ on: 'prefill-end' }],
    needs: ({ config }) => {
      const drafted = 'model' in lookahead ? lookahead.model.config.vocabularySize : config.vocabularySize
      if (drafted !== config.vocabularySize)
        throw new PolicyPlanError({
          policy: 'spec-kv',
          missing: `a draft model of ${config.vocabularySize} tokens; this one has ${drafted}`,
        })
      return [{ kind: 'attention-columns', id: 'window', queries: { last: window }, rows: 'max', heads: 'group-max' }]
    },
    score: async ({ event }) => {
      const ids = 'ids' in lookahead ? lookahead.ids : await answerOf(event, lookahead)
      return ids.length === 0 ? undefined : scoresOf(event, ids, { window, pooling })
    },
  })
}

/** What the draft model says to the tokens so far, greedily. */
async function answerOf(
  { tokens, signal }: CacheEvent,
  { model, tokens: count = specKvDefaults.tokens }: Extract<Lookahead, { model: LocalModel }>,
): Promise<Uint32Array> {
  const prompt = [...tokens].sort(([left], [right]) => left - right).map(([, id]) => id)
  const session = model.session()
  try {
    await session.prefill(prompt, { signal })
    const { ids } = await session.decode({ maxTokens: count, signal })
    return ids ?? new Uint32Array(0)
  } finally {
    await session.close()
  }
}

async function scoresOf(
  event: CacheEvent,
  ids: ArrayLike<number>,
  { window, pooling }: { readonly window: number; readonly pooling: Pooling },
): Promise<SlotScores> {
  const request = { kind: 'attention-columns', id: 'ahead', queries: 'all', rows: 'max', heads: 'group-max' } as const
  const ahead = await event.forward(ids, [request])
  return columnsOf(event, 'window').map((heads, layer) =>
    heads.map((head, index) => {
      const columns = ahead.columns('ahead', layer)[index]!
      const before = Math.max(0, head.length - window)
      const largest = Float32Array.from({ length: before }, (_, slot) => Math.max(head[slot]!, columns[slot]!))
      const scores = new Float32Array(head.length)
      // the window itself is not pooled into what comes before it
      scores.set(poolScores(largest, pooling))
      return scores
    }),
  )
}
