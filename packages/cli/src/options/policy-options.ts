/** @file The options by which a command chooses a key-value cache policy. */
import { policyByName, policyNames } from '@lc/kv'
import { UsageError } from '../errors/usage-error.ts'
import { textOption } from './option.ts'

/** Which policy, and how much of the cache it keeps. */
export const policyOptions = {
  policy: textOption({
    placeholder: 'NAME',
    description: 'key-value cache policy of a local model, such as snap-kv or streaming-llm (default: full)',
  }),
  budget: textOption({
    placeholder: 'N|P%',
    description: 'with --policy: mean slots kept per layer and key/value head, or a share of the prompt',
  }),
}

/** The part of a request that the options stand for; nothing without `--policy`. */
export function policyRequest(options: { policy?: string | undefined; budget?: string | undefined }): {
  policy?: unknown
} {
  const { policy, budget } = options
  if (policy === undefined) {
    if (budget !== undefined) throw new UsageError({ problem: '--budget needs --policy' })
    return {}
  }
  if (!policyNames.some((name) => name === policy))
    throw new UsageError({ problem: `--policy must be one of ${policyNames.join(', ')}; got ${policy}` })
  if (budget === undefined) return { policy: policyByName(policy) }
  const share = /^\d+(\.\d+)?%$/.test(budget)
  if (!share && !/^\d+$/.test(budget))
    throw new UsageError({ problem: `--budget must be a number of slots or a share such as 25%; got ${budget}` })
  return { policy: policyByName(policy, { budget: share ? (budget as `${number}%`) : Number(budget) }) }
}
