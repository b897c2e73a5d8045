import type { CacheAction, CachePolicy } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import { checkInteger, checkNumber } from '@lc/model/check'
import { type HeadProfile, parseHeadProfile, retrievalHeads } from '../head-profile/head-profile.ts'
import { perHead } from '../policy/head-rows.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'

/** Options of `duoAttention`. */
export interface DuoAttentionOptions extends WhenOptions {
  /** A gate per layer and key/value head, or the text of a file of them. */
  readonly profile: HeadProfile | string
  /** Share of heads that keep only the first and last tokens. Defaults to 0.5, for models with grouped queries. */
  readonly sparsity?: number
  /** First tokens that streaming heads keep. Defaults to 64. */
  readonly sinks?: number
  /** Last tokens that streaming heads keep. Defaults to 256. */
  readonly window?: number
}

/** The defaults of `duoAttention`, as in the official deployment. */
export const duoAttentionDefaults = Object.freeze({ sparsity: 0.5, sinks: 64, window: 256, every: 1 } as const)

/**
 * DuoAttention: some heads (those that find things in the context) keep everything, the others the first and last tokens.
 * Which is which is a property of the model, learned once: the gates.
 *
 * Xiao et al., "DuoAttention: Efficient Long-Context LLM Inference with Retrieval and Streaming Heads" (ICLR 2025);
 * mit-han-lab/duo-attention. A prompt is read in full, as there for a first prompt in one piece.
 */
export function duoAttention(options: DuoAttentionOptions): CachePolicy {
  const { profile } = options
  const gates = typeof profile === 'string' ? parseHeadProfile(profile) : profile
  const sparsity = checkNumber(options.sparsity ?? duoAttentionDefaults.sparsity, 'sparsity', { min: 0, max: 1 })
  const sinks = checkInteger(options.sinks ?? duoAttentionDefaults.sinks, 'sinks', { min: 0 })
  const window = checkInteger(options.window ?? duoAttentionDefaults.window, 'window', { min: 1 })
  const keepsAll = retrievalHeads(gates, sparsity)
  return {
    id: 'duo-attention',
    triggers: triggersOf(options, duoAttentionDefaults.every),
    needs: ({ config }) => {
      const [layers, heads] = [config.layers.length, config.kvHeads]
      if (gates.layerCount === layers && gates.kvHeadCount === heads) return []
      throw new PolicyPlanError({
        policy: 'duo-attention',
        missing: `a profile of ${layers} layers and ${heads} heads; this one has ${gates.layerCount} and ${gates.kvHeadCount}`,
      })
    },
    start: () => ({
      act: ({ cache }): CacheAction[] => {
        let some = false
        const slots = perHead(cache, (layer, head) => {
          const length = cache.lengthOf(layer, head)
          const all = keepsAll[layer * gates.kvHeadCount + head] === 1 || length <= sinks + window
          if (all) return 'all'
          some = true
          const kept = sinks + window
          return Uint32Array.from({ length: kept }, (_, index) => (index < sinks ? index : length - kept + index))
        })
        return some ? [{ type: 'keep', choice: { scope: 'head', slots } }] : []
      },
    }),
  }
}
