import { sleep } from '../abort/sleep.ts'
import { isLcError } from '../errors/lc-error.ts'
import { type RetryPolicy, readRetryAfter, retryDelayMs } from '../http/retry-policy.ts'
import { retryHeadersOf, toCallError } from './call-error.ts'

/** How a provider is called. */
export interface CallWithRetryOptions {
  model: string
  policy: RetryPolicy
  signal?: AbortSignal | undefined
}

/**
 * Calls a provider, and again after failures that it calls retryable: the specification leaves that to the caller.
 *
 * @throws ApiCallError when it fails for good; `signal.reason` after an abort.
 */
export async function callWithRetry<T>(call: () => PromiseLike<T>, options: CallWithRetryOptions): Promise<T> {
  const { model, policy, signal } = options
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await call()
    } catch (error) {
      signal?.throwIfAborted()
      const failure = toCallError(error, model)
      const retryable = isLcError(failure) && (failure as { retryable?: unknown }).retryable === true
      const retryAfterMs = readRetryAfter(retryHeadersOf(error), Date.now())
      if (!retryable || attempt >= policy.retries || (retryAfterMs ?? 0) > policy.maxRetryAfterMs) throw failure
      await sleep(retryDelayMs(policy, attempt, retryAfterMs, Math.random()), signal)
    }
  }
}
