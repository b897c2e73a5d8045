/** @file The options by which a command chooses a key-value cache policy. */
import type { CachePolicy } from '@lc/core'
import { type CacheMethod, methodByName, methodNames } from '@lc/kv/patterns'
import { isLcError } from '@lc/model/errors'
import { UsageError } from '../errors/usage-error.ts'
import { textOption } from './option.ts'

const policy = textOption({
  placeholder: 'NAME',
  description:
    'key-value cache policy of a local model, such as snap-kv, or attention pattern, such as quest (default: full)',
})
const budgetText = {
  placeholder: 'N|P%',
  description: 'with --policy: mean slots kept per layer and key/value head, or a share of the prompt',
}

/** Which policy, and how much of the cache it keeps. */
export const policyOptions = { policy, budget: textOption(budgetText) }

/** The same for commands whose `--budget` is another one. */
export const cachePolicyOptions = { policy, cacheBudget: textOption(budgetText) }

interface PolicyValues {
  readonly policy?: string | undefined
  readonly budget?: string | undefined
  readonly cacheBudget?: string | undefined
}

/**
 * The policy that the options stand for, and the attention that the model must be loaded with for it; undefined without `--policy`.
 * Throws `UsageError` for what cannot be.
 */
export function chosenMethod({ policy: name, ...given }: PolicyValues): CacheMethod | undefined {
  const flag = 'cacheBudget' in given ? '--cache-budget' : '--budget'
  const budget = given.cacheBudget ?? given.budget
  if (name === undefined) {
    if (budget !== undefined) throw new UsageError({ problem: `${flag} needs --policy` })
    return undefined
  }
  if (!methodNames.includes(name))
    throw new UsageError({ problem: `--policy must be one of ${methodNames.join(', ')}; got ${name}` })
  const share = budget?.endsWith('%')
  if (budget !== undefined && !/^\d+(\.\d+)?%?$/.test(budget))
    throw new UsageError({ problem: `${flag} must be a number of slots or a share such as 25%; got ${budget}` })
  try {
    return methodByName(name, budget === undefined ? {} : { budget: share ? (budget as `${number}%`) : Number(budget) })
  } catch (cause) {
    if (!isLcError(cause)) throw cause
    throw new UsageError({
      problem: `--policy ${name}${budget === undefined ? '' : ` ${flag} ${budget}`}: ${cause.message}`,
      cause,
    })
  }
}

/** The part of a request that a method stands for. */
export function policyRequest(method: CacheMethod | undefined): { policy?: CachePolicy } {
  return method === undefined ? {} : { policy: method.policy }
}
