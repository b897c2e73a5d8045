/** @file The options by which a command speculates: a drafter guesses tokens, the model checks many of them in one run. */
import { type CachePolicy, fullAttention, type LocalModel } from '@lc/core'
import { snapKv } from '@lc/kv'
import type { CacheMethod } from '@lc/kv/patterns'
import { type Drafter, draftModel, promptLookup, selfSpeculation } from '@lc/kv/speculation'
import { UsageError } from '../errors/usage-error.ts'
import { choiceOption, textOption } from './option.ts'
import type { OptionValues } from './parse-options.ts'

/** Who drafts. */
export const speculationOptions = {
  speculate: choiceOption('who guesses tokens for the model to check; self drafts on the cache of --policy', [
    'prompt-lookup',
    'self',
    'draft-model',
  ]),
  draftModel: textOption({
    placeholder: 'M',
    description: 'with --policy spec-kv or --speculate draft-model: a smaller local model with the same tokens',
  }),
}

type SpeculationValues = OptionValues<typeof speculationOptions> & {
  readonly server?: string | undefined
  readonly policy?: string | undefined
  readonly draftModel?: string | undefined
}

/** Refuses what cannot be before a model is looked for. Throws `UsageError`. */
export function checkSpeculation({ speculate, server, draftModel }: SpeculationValues): void {
  if (speculate === undefined) return
  if (server !== undefined)
    throw new UsageError({ problem: '--speculate is for local models; --server has its own ways' })
  if (speculate === 'draft-model' && draftModel === undefined)
    throw new UsageError({ problem: '--speculate draft-model needs --draft-model M' })
}

/** A drafter, and the policy that the model itself keeps its cache by. */
export interface Speculation {
  readonly drafter?: Drafter
  readonly policy?: CachePolicy
}

/** What a choice of drafter makes of the chosen policy: in self-speculation it is the drafting cache's, and the full cache verifies. */
export function chosenSpeculation(
  speculate: SpeculationValues['speculate'],
  { method, draft }: { readonly method?: CacheMethod | undefined; readonly draft?: LocalModel | undefined },
): Speculation {
  const policy = method && { policy: method.policy }
  switch (speculate) {
    case undefined:
      return { ...policy }
    case 'prompt-lookup':
      return { ...policy, drafter: promptLookup() }
    case 'draft-model':
      return { ...policy, drafter: draftModel(draft!) }
    case 'self':
      if (method && method.attention !== fullAttention)
        throw new UsageError({ problem: `--speculate self drafts on a cache policy; ${method.policy.id} is a pattern` })
      return { drafter: selfSpeculation({ policy: method?.policy ?? snapKv({ budget: '25%' }) }) }
  }
}
