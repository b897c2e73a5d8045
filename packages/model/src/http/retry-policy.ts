/** @file When a failed call is tried again, and after how long: exponential back-off with full jitter. */

/** How failed calls are repeated. */
export interface RetryPolicy {
  /** Further attempts after the first; 0 for none. Defaults to 3. */
  retries: number
  /** The upper bound of the first delay; it doubles with each attempt. Defaults to 500. */
  baseDelayMs: number
  /** The upper bound of any computed delay. Defaults to 8,000. */
  maxDelayMs: number
  /** A server that asks for a longer pause (`Retry-After`) is not waited for: the call fails. Defaults to 60,000. */
  maxRetryAfterMs: number
}

/** The policy of calls that name none. */
export const retryDefaults: Readonly<RetryPolicy> = Object.freeze({
  retries: 3,
  baseDelayMs: 500,
  maxDelayMs: 8_000,
  maxRetryAfterMs: 60_000,
})

const retryableStatuses: ReadonlySet<number> = new Set([408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529])

/** Whether a status speaks of a passing trouble: time-out, conflict, too early, too many requests, 5xx of a gateway. */
export function isRetryableStatus(status: number): boolean {
  return retryableStatuses.has(status)
}

/**
 * The pause before attempt `attempt + 1`, in milliseconds: what the server asked for, else a random part of
 * `baseDelayMs * 2^attempt`, at least half of it so that a crowd of clients spreads without hurrying.
 *
 * @param random A number in [0, 1).
 */
export function retryDelayMs(
  policy: RetryPolicy,
  attempt: number,
  retryAfterMs: number | undefined,
  random: number,
): number {
  if (retryAfterMs !== undefined) return retryAfterMs
  const ceiling = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** attempt)
  return ceiling * (0.5 + random / 2)
}

/** The pause that a response asks for by `Retry-After-Ms` or `Retry-After` (seconds or a date), in milliseconds. */
export function readRetryAfter(headers: Headers, now: number): number | undefined {
  const milliseconds = Number(headers.get('retry-after-ms') ?? Number.NaN)
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds
  const value = headers.get('retry-after')?.trim()
  if (!value) return undefined
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
