import type { LocalModel } from '@lc/core'
import { type HeadProfile, parseHeadProfile } from '@lc/kv/parts'
import type { CacheMethod } from '@lc/kv/patterns'
import { isLcError } from '@lc/model/errors'
import type { CommandContext } from '../command/command.ts'
import { InputError } from '../errors/input-error.ts'
import { readNamedText } from '../input/read-named-text.ts'
import { chosenMethod, type PolicyValues } from '../options/policy-options.ts'
import { type LocalModelChoice, openLocalModel } from './open-local-model.ts'

/** What a command line chose of the cache. */
export interface ChosenCache {
  readonly method?: CacheMethod | undefined
  /** The model of `--draft-model`. */
  readonly draft?: LocalModel | undefined
}

/** Reads the gates and loads the draft model that the options name, uses the policy, and closes the model whatever happens. */
export async function withChosenCache<Result>(
  values: PolicyValues & Omit<LocalModelChoice, 'model' | 'method'>,
  context: CommandContext,
  use: (chosen: ChosenCache) => Promise<Result>,
): Promise<Result> {
  const maker = chosenMethod(values)
  const gates = values.gates === undefined ? undefined : await readGates(values.gates, context)
  const { draftModel, device, offline, contextLength } = values
  if (draftModel === undefined) return use({ method: maker?.({ gates }) })
  const draft = await openLocalModel({ model: draftModel, device, offline, contextLength }, context)
  try {
    return await use({ method: maker?.({ draft }), draft })
  } finally {
    await draft.close()
  }
}

async function readGates(path: string, context: CommandContext): Promise<HeadProfile> {
  const text = await readNamedText(path, context)
  try {
    return parseHeadProfile(text)
  } catch (cause) {
    if (!isLcError(cause)) throw cause
    throw new InputError({ path, problem: `is no file of gates: ${cause.message}`, cause })
  }
}
