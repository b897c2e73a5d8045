import { createRunContext } from './create-run-context.ts'
import type { RunContext } from './run-context.ts'
import type { Stage } from './stage.ts'

/**
 * A named stage from an async function. The function always gets a run context: the caller's, or a fresh one; and it is
 * not called when the signal has fired already.
 *
 * @example
 * ```ts
 * import { type ContextState, defineStage } from '@lc/model'
 *
 * export const newestFirst = defineStage('newest-first', async (state: ContextState) => ({
 *   ...state,
 *   passages: [...state.passages].reverse(),
 * }))
 * ```
 */
export function defineStage<Input, Output>(
  stageName: string,
  work: (input: Input, run: RunContext) => Promise<Output>,
): Stage<Input, Output> {
  const stage = async (input: Input, run: RunContext = createRunContext()): Promise<Output> => {
    run.signal?.throwIfAborted()
    return work(input, run)
  }
  return Object.assign(stage, { stageName })
}
