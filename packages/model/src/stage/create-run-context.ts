import type { RunContext } from './run-context.ts'
import { seededRandom } from './seeded-random.ts'

/** The parts of a run context that are given. */
export interface CreateRunContextOptions extends Partial<RunContext> {
  /** Seeds `random`, unless that is given. Defaults to 0: two fresh contexts give the same numbers. */
  seed?: number
}

/**
 * A complete run context from the parts that are given. By default nothing is aborted, events go nowhere, `now` is the
 * time since 1970 in milliseconds (monotone, with fractions), and `random` repeats.
 */
export function createRunContext(partial: CreateRunContextOptions = {}): RunContext {
  const { seed = 0, ...given } = partial
  return {
    ...given,
    emit: given.emit ?? (() => {}),
    now: given.now ?? (() => performance.timeOrigin + performance.now()),
    random: given.random ?? seededRandom(seed),
  }
}
