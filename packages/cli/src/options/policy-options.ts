/** @file The options by which a command chooses a key-value cache policy. */
import type { CachePolicy, LocalModel } from '@lc/core'
import { type CacheBudget, type Lookahead, specKv } from '@lc/kv'
import type { HeadProfile } from '@lc/kv/parts'
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
const companions = {
  gates: textOption({
    placeholder: 'FILE',
    description: 'with --policy duo-attention: which heads need everything (lc cache gates writes it)',
  }),
  draftModel: textOption({
    placeholder: 'M',
    description: 'with --policy spec-kv: a smaller local model with the same tokens, which answers first',
  }),
}

/** Which policy, how much of the cache it keeps, and what it needs besides. */
export const policyOptions = { policy, budget: textOption(budgetText), ...companions }

/** The same for commands whose `--budget` is another one. */
export const cachePolicyOptions = { policy, cacheBudget: textOption(budgetText), ...companions }

/** What a command line says about the cache. */
export interface PolicyValues {
  readonly policy?: string | undefined
  readonly budget?: string | undefined
  readonly cacheBudget?: string | undefined
  readonly gates?: string | undefined
  readonly draftModel?: string | undefined
  /** Whether a draft model has other work than that of the policy. Defaults to false. */
  readonly drafts?: boolean
}

/** What a policy needs besides a budget, once it is read and loaded. */
export interface PolicyCompanions {
  /** What is in the file of `--gates`. */
  readonly gates?: HeadProfile | undefined
  /** The model of `--draft-model`. */
  readonly draft?: LocalModel | undefined
}

/** Gives the policy, and the attention that the model must be loaded with for it. */
export type MethodMaker = (companions: PolicyCompanions) => CacheMethod

const draftPolicy = 'spec-kv'
const gatePolicy = 'duo-attention'
const policyNames = [...methodNames, draftPolicy].sort()

/**
 * The policy that the options stand for; undefined without `--policy`. What cannot be is refused before files are read and models
 * loaded, with `UsageError`.
 */
export function chosenMethod(values: PolicyValues): MethodMaker | undefined {
  const { policy: name } = values
  const budget = checkBudget(values)
  checkCompanions(values)
  if (name === undefined) return undefined
  if (name === gatePolicy) return ({ gates }) => methodByName(name, { profile: gates })
  const shown = `--policy ${name}${budget === undefined ? '' : ` ${budgetFlag(values)} ${budget}`}`
  if (name === draftPolicy) {
    const maker = (lookahead: Lookahead) => ({
      ...methodByName('full'),
      policy: specKv({ budget: budget as CacheBudget, lookahead }),
    })
    // the budget is checked with whatever answer
    asUsage(shown, () => maker({ ids: [0] }))
    return ({ draft }) => maker({ model: draft! })
  }
  const method = asUsage(shown, () => methodByName(name, budget === undefined ? {} : { budget }))
  return () => method
}

function budgetFlag(values: PolicyValues): string {
  return 'cacheBudget' in values ? '--cache-budget' : '--budget'
}

function checkBudget(values: PolicyValues): CacheBudget | undefined {
  const { policy: name, budget = values.cacheBudget } = values
  const flag = budgetFlag(values)
  if (name !== undefined && !policyNames.includes(name))
    throw new UsageError({ problem: `--policy must be one of ${policyNames.join(', ')}; got ${name}` })
  if (budget === undefined) return undefined
  if (name === undefined) throw new UsageError({ problem: `${flag} needs --policy` })
  if (name === gatePolicy)
    throw new UsageError({ problem: `--policy ${name} takes no ${flag}: its gates decide what is kept` })
  if (!/^\d+(\.\d+)?%?$/.test(budget))
    throw new UsageError({ problem: `${flag} must be a number of slots or a share such as 25%; got ${budget}` })
  return budget.endsWith('%') ? (budget as `${number}%`) : Number(budget)
}

function checkCompanions({ policy: name, gates, draftModel, drafts = false }: PolicyValues): void {
  const problems = [
    name === gatePolicy && gates === undefined && `--policy ${name} needs --gates FILE (lc cache gates writes one)`,
    name !== gatePolicy && gates !== undefined && `--gates needs --policy ${gatePolicy}`,
    name === draftPolicy && draftModel === undefined && `--policy ${name} needs --draft-model M`,
    name !== draftPolicy && draftModel !== undefined && !drafts && `--draft-model needs --policy ${draftPolicy}`,
  ]
  for (const problem of problems) if (problem) throw new UsageError({ problem })
}

function asUsage<Value>(shown: string, make: () => Value): Value {
  try {
    return make()
  } catch (cause) {
    if (!isLcError(cause)) throw cause
    throw new UsageError({ problem: `${shown}: ${cause.message}`, cause })
  }
}

/** The part of a request that a method stands for. */
export function policyRequest(method: CacheMethod | undefined): { policy?: CachePolicy } {
  return method === undefined ? {} : { policy: method.policy }
}
