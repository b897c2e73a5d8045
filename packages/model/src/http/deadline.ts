/** @file One signal for a call: the caller's own, and our time limit. */
import { mergeSignals } from '../abort/merge-signals.ts'

/** A signal that the caller or the clock may trip. Its reason is the caller's own, or a `TimeoutError`. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Milliseconds that are left; `Infinity` without a limit. */
  remainingMs(): number
  /** Trips the signal for another reason. */
  abort(reason: unknown): void
  /** Frees the timer and the listeners. */
  release(): void
}

/** Starts a deadline. `timeoutMs` of `Infinity` or undefined means no limit. */
export function startDeadline(
  operation: string,
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
): Deadline {
  const start = performance.now()
  const merged = mergeSignals({ signals: [signal], timeoutMs, operation })
  return {
    signal: merged.signal,
    remainingMs: () => (timeoutMs ?? Number.POSITIVE_INFINITY) - (performance.now() - start),
    abort: (reason) => merged.abort(reason),
    release: () => merged.release(),
  }
}
