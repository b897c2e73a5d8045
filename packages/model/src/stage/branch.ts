import { checkArgument } from '../check/check-argument.ts'
import { defineStage } from './define-stage.ts'
import type { RunContext } from './run-context.ts'
import { runStage } from './run-stage.ts'
import type { Stage } from './stage.ts'

/**
 * One of several stages, chosen by the input.
 *
 * @throws InvalidArgumentError when the choice names no stage.
 *
 * @example
 * ```ts
 * import { branch, type ContextState, defineStage, passThrough } from '@lc/model'
 *
 * const firstTen = defineStage('first-ten', async (state: ContextState) => ({
 *   ...state,
 *   passages: state.passages.slice(0, 10),
 * }))
 * export const atMostTen = branch((state: ContextState) => (state.passages.length > 10 ? 'many' : 'few'), {
 *   many: firstTen,
 *   few: passThrough<ContextState>(),
 * })
 * ```
 */
export function branch<Input, Output, Choice extends string>(
  choose: (input: Input, run: RunContext) => Choice | Promise<Choice>,
  stages: { readonly [K in Choice]: Stage<Input, Output> },
): Stage<Input, Output> {
  const choices = Object.keys(stages)
  return defineStage(`branch(${choices.join(', ')})`, async (input: Input, run) => {
    const choice = await choose(input, run)
    const stage = Object.hasOwn(stages, choice) ? stages[choice] : undefined
    checkArgument(stage !== undefined, 'the choice of branch', choice, `one of ${choices.join(', ')}`)
    return runStage(stage, input, run, choice)
  })
}

/** The stage that changes nothing. */
export function passThrough<T>(): Stage<T, T> {
  return defineStage('pass-through', async (input: T) => input)
}
