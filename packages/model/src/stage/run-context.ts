import type { TokenBudget } from '../budget/token-budget.ts'
import type { Journal } from '../resume/journal.ts'
import type { RunEvent } from './run-event.ts'

/** What a stage is given besides its input. Time and randomness come from here, so that runs repeat. */
export interface RunContext {
  signal?: AbortSignal | undefined
  /** A stage's own `options.budget` wins over this one. */
  budget?: TokenBudget
  journal?: Journal
  emit(event: RunEvent): void
  /** Milliseconds. */
  now(): number
  /** Uniform in [0, 1). */
  random(): number
}
