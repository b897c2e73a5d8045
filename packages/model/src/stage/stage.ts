import type { RunContext } from './run-context.ts'

/** An asynchronous step from one value to the next. Composed by `pipe`, `parallel` and `branch`, which are stages again. */
export interface Stage<Input, Output> {
  (input: Input, run?: RunContext): Promise<Output>
  /** Names the stage in events and reports. */
  readonly stageName?: string
}
