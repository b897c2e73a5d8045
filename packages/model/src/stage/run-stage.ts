import type { RunContext } from './run-context.ts'
import type { Stage } from './stage.ts'

/** Runs one stage of a composite: checks the signal before and after, and tells its start and end as events. */
export async function runStage<Input, Output>(
  stage: Stage<Input, Output>,
  input: Input,
  run: RunContext,
  fallbackName: string,
): Promise<Output> {
  run.signal?.throwIfAborted()
  const name = stageNameOf(stage, fallbackName)
  const start = run.now()
  const end = (outcome: 'done' | 'failed' | 'aborted'): void => {
    const at = run.now()
    run.emit({ type: 'stage-end', stage: name, at, ms: at - start, outcome })
  }
  run.emit({ type: 'stage-start', stage: name, at: start })
  let output: Output
  try {
    output = await stage(input, run)
    run.signal?.throwIfAborted()
  } catch (error) {
    end(run.signal?.aborted ? 'aborted' : 'failed')
    throw error
  }
  end('done')
  return output
}

/** The name of a stage, or a description of its place. */
export function stageNameOf(stage: { readonly stageName?: string }, fallbackName: string): string {
  return stage.stageName ?? fallbackName
}
