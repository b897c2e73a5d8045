import { type CacheAction, type CachePolicy, type CacheSession, fullCache, type SessionOptions } from '@lc/core'
import { checkArgument, checkInteger, checkNumber } from '@lc/model/check'
import { DraftSession } from './draft-session.ts'
import type { Drafter, DraftStart } from './drafter.ts'

/** Options of `selfSpeculation`. */
export interface SelfSpeculationOptions {
  /** What the drafting cache keeps of the prompt. Acts once, at its end, whatever its triggers. */
  readonly policy: CachePolicy
  /** The most tokens drafted at once. Defaults to 8. */
  readonly tokens?: number
  /** Drafting ends at a token less probable than this. Defaults to 0.4. */
  readonly confidence?: number
}

/** The defaults of `selfSpeculation`. */
export const selfSpeculationDefaults = Object.freeze({ tokens: 8, confidence: 0.4 } as const)

/**
 * Self-speculation: the model drafts for itself on the small cache that a policy leaves of the prompt, and verifies on the full one. One
 * reading of the prompt serves both. Pays off where most of a step's time goes into a long cache: a draft costs a step without it.
 *
 * Sun et al., "TriForce" (COLM 2024) and Chen et al., "MagicDec" (ICLR 2025) draft so, from retrieved chunks or a window.
 */
export function selfSpeculation(options: SelfSpeculationOptions): Drafter {
  const { policy } = options
  checkArgument(typeof policy?.start === 'function', 'policy', policy, 'a CachePolicy of @lc/core')
  const settings = { ...selfSpeculationDefaults, ...options }
  const confidence = checkNumber(settings.confidence, 'confidence', { min: 0, max: 1 })
  return {
    id: `self-speculation(${policy.id})`,
    most: checkInteger(settings.tokens, 'tokens', { min: 1, max: 31 }),
    schedule: 'adaptive',
    start: async (start) => {
      checkArgument(start.policy === undefined, 'policy', start.policy, 'absent: the full cache verifies')
      const { session, promptLogits } = await readPrompt(start, policy)
      const { sampler, random, signal } = start
      const drafts = new DraftSession(session, { sampler, random, signal, confidence, distributions: false })
      return {
        promptLogits,
        draft: (answer, most) => drafts.draft(answer, most),
        close: () => drafts.close(),
      }
    },
  }
}

/** Reads the prompt once: into the target whole, and into a session of its own as the policy leaves it. */
async function readPrompt(
  start: DraftStart,
  policy: CachePolicy,
): Promise<{ session: CacheSession; promptLogits: Float32Array }> {
  const { model, target, prompt, limit, accuracy, signal, onProgress } = start
  const same: SessionOptions = { accuracy, plannedLength: prompt.length + limit }
  let actions: readonly CacheAction[] = []
  const asked = asking(policy, (decided) => {
    actions = decided
  })
  const reading = model.session({ ...same, policy: asked })
  const session = model.session(same)
  try {
    const promptLogits = await reading.prefill(prompt, { signal, onProgress })
    await target.restore(await reading.save())
    await reading.edit(actions)
    await session.restore(await reading.save())
    return { session, promptLogits }
  } catch (error) {
    await session.close()
    throw error
  } finally {
    await reading.close()
  }
}

/** A policy that changes nothing and tells what another would do. It goes by the full cache's name, into whose sessions it is restored. */
function asking(policy: CachePolicy, decide: (actions: readonly CacheAction[]) => void): CachePolicy {
  return {
    id: fullCache.id,
    triggers: [{ on: 'prefill-end' }],
    needs: (model) => policy.needs(model),
    start: (model, options) => {
      const run = policy.start(model, options)
      return {
        act: async (event) => {
          decide(await run.act(event))
          return []
        },
      }
    },
  }
}
