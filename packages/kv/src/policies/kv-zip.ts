import type { CacheEvent, PolicyModel } from '@lc/core'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { poolShare } from '../budgeters/pool-share.ts'
import type { CacheBudget } from '../policy/budget.ts'
import { perHead } from '../policy/head-rows.ts'
import { type ScoredPolicy, type SlotScores, scoredPolicy } from '../policy/scored-policy.ts'

/** Options of `kvZip`. */
export interface KvZipOptions {
  readonly budget: CacheBudget
  /** First tokens that stay and that every pass sees: a system prompt. Defaults to 4. */
  readonly sinks?: number
  /**
   * Last tokens that stay. Defaults to 0, as published, where a question follows; give some where the text is gone on with: what was
   * read last draws little attention when the whole is repeated.
   */
  readonly window?: number
  /** Tokens repeated in one pass. Defaults to 2,000. */
  readonly chunk?: number
  /** What is shared out: `'pool'` (default) all slots of the model, `'even'` those of each head. */
  readonly share?: 'pool' | 'even'
  /** Asks for the first part of the text. */
  readonly instruction?: string
  /** Asks for a later part; the last 8 tokens of the part before follow. */
  readonly nextInstruction?: string
  /** Text between the instruction and the repeated part: the end of a user's turn and the start of an answer. Defaults to a new line. */
  readonly suffix?: string
  /** `'kvpress'` repeats the first tokens too, as KVzipPress does for a text without a template. */
  readonly variant?: 'kvpress'
}

/** The defaults of `kvZip`. */
export const kvZipDefaults = Object.freeze({
  sinks: 4,
  window: 0,
  chunk: 2000,
  share: 'pool',
  instruction: '\n\nRepeat the previous context exactly.',
  nextInstruction: '\n\nRepeat the part of the previous context exactly, starting with',
  suffix: '\n',
} as const)

/** Tokens of the part before that a later instruction ends with. */
const overlap = 8

/**
 * KVzip: what the model looks at when it repeats its context word by word. Does not need to know the question, and keeps its
 * quality longest of all; the text is read a second time for it, and a moment of twice its slots is needed.
 *
 * Kim et al., "KVzip: Query-Agnostic KV Cache Compression with Context Reconstruction" (NeurIPS 2025); snu-mllab/KVzip. The
 * largest attention over repeated tokens and query heads, over first tokens, part and repetition only.
 */
export function kvZip(options: KvZipOptions): ScoredPolicy {
  const settings = { ...kvZipDefaults, ...options }
  const sinks = checkInteger(settings.sinks, 'sinks', { min: 0 })
  const window = checkInteger(settings.window, 'window', { min: 0 })
  checkInteger(settings.chunk, 'chunk', { min: 1 })
  if (options.variant !== undefined) checkOneOf(options.variant, 'variant', ['kvpress'])
  const share = checkOneOf(settings.share, 'share', ['pool', 'even'])
  return scoredPolicy({
    id: 'kv-zip',
    budget: settings.budget,
    sinks,
    window,
    triggers: [{ on: 'prefill-end' }],
    score: ({ event, model }) => reconstruct(event, model, settings),
    ...(share === 'pool' && { share: poolShare }),
  })
}

async function reconstruct(
  event: CacheEvent,
  model: PolicyModel,
  settings: Required<Omit<KvZipOptions, 'variant'>> & Pick<KvZipOptions, 'variant'>,
): Promise<SlotScores> {
  const { cache, tokens } = event
  const end = cache.nextPosition
  const scores = perHead(cache, (layer, head) => new Float32Array(cache.lengthOf(layer, head)))
  const start = settings.variant === 'kvpress' ? 0 : Math.min(settings.sinks, end)
  const idsOf = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => tokens.get(from + index)).filter((id) => id !== undefined)
  for (let from = start; from < end; from += settings.chunk) {
    const to = Math.min(end, from + settings.chunk)
    const instruction =
      from === start
        ? [...model.encode(settings.instruction)]
        : [...model.encode(settings.nextInstruction), ...idsOf(Math.max(start, from - overlap), from)]
    const repeated = [...instruction, ...model.encode(settings.suffix), ...idsOf(from, to)]
    const keys = [
      { from: 0, to: Math.min(settings.sinks, from) },
      { from, to },
      { from: end, to: end + repeated.length },
    ]
    const request = {
      kind: 'attention-columns',
      id: 'repeat',
      queries: 'all',
      rows: 'max',
      heads: 'group-max',
    } as const
    const observed = await event.forward(repeated, [{ ...request, keys }])
    for (const [layer, heads] of scores.entries())
      for (const [head, own] of heads.entries()) {
        const columns = observed.columns('repeat', layer)[head]!
        const positions = cache.positionsOf(layer, head)
        for (let slot = 0; slot < own.length; slot++)
          if (positions[slot]! >= from && positions[slot]! < to) own[slot] = columns[slot]!
      }
  }
  return scores
}
