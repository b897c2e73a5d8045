import { TimeoutError } from '../errors/timeout-error.ts'

/** What a merged signal listens to. */
export interface MergeSignalsOptions {
  /** Signals that each abort the merged one, with their own reason. Missing ones are ignored. */
  signals?: readonly (AbortSignal | undefined)[]
  /** Milliseconds after which the merged signal aborts with a `TimeoutError`. Defaults to no deadline. */
  timeoutMs?: number | undefined
  /** What takes so long, for the message of the `TimeoutError`. Defaults to `'the operation'`. */
  operation?: string
}

/** A signal made of others. Release it when the work is done, so that no timer and no listener stays behind. */
export interface MergedSignal extends Disposable {
  readonly signal: AbortSignal
  /** Aborts the merged signal alone, not those it was made of. */
  abort(reason?: unknown): void
  /** Stops the timer and forgets the other signals. Idempotent. */
  release(): void
}

/**
 * One signal that fires when the first of several fires or a deadline passes. The reason is that of the signal that
 * fired, unchanged, or a `TimeoutError`.
 *
 * @example
 * ```ts
 * import { mergeSignals } from '@lc/model/abort'
 *
 * export async function load(url: string, signal?: AbortSignal): Promise<string> {
 *   const merged = mergeSignals({ signals: [signal], timeoutMs: 5000, operation: `loading ${url}` })
 *   try {
 *     return await (await fetch(url, { signal: merged.signal })).text()
 *   } finally {
 *     merged.release()
 *   }
 * }
 * ```
 */
export function mergeSignals(options: MergeSignalsOptions): MergedSignal {
  const controller = new AbortController()
  const { timeoutMs, operation = 'the operation' } = options
  const cleanUps: (() => void)[] = []
  const release = (): void => {
    for (const cleanUp of cleanUps.splice(0)) cleanUp()
  }
  const abort = (reason?: unknown): void => {
    release()
    controller.abort(reason)
  }
  for (const signal of options.signals ?? []) {
    if (signal === undefined) continue
    if (signal.aborted) {
      abort(signal.reason)
      break
    }
    const listener = (): void => abort(signal.reason)
    signal.addEventListener('abort', listener, { once: true })
    cleanUps.push(() => signal.removeEventListener('abort', listener))
  }
  if (timeoutMs !== undefined && Number.isFinite(timeoutMs) && !controller.signal.aborted) {
    // a delay above 2^31 - 1 would fire at once
    const delay = Math.min(timeoutMs, 2 ** 31 - 1)
    const timer = setTimeout(() => abort(new TimeoutError({ operation, timeoutMs })), delay)
    cleanUps.push(() => clearTimeout(timer))
  }
  return { signal: controller.signal, abort, release, [Symbol.dispose ?? Symbol.for('Symbol.dispose')]: release }
}
