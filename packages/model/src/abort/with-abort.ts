/**
 * Waits for work, but no longer than until the signal fires: then rejects at once with `signal.reason`.
 * The work itself is not stopped; a result that comes too late goes to `cleanUp`, a late failure is dropped.
 *
 * @throws `signal.reason`, unchanged, when the signal fires first.
 */
export async function withAbort<T>(
  work: PromiseLike<T>,
  signal: AbortSignal | undefined,
  cleanUp?: (late: T) => void | Promise<void>,
): Promise<T> {
  if (signal === undefined) return work
  let listener: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    listener = () => reject(signal.reason)
    if (signal.aborted) listener()
    else signal.addEventListener('abort', listener, { once: true })
  })
  try {
    return await Promise.race([aborted, work])
  } catch (error) {
    // after an abort the result has no owner any more
    if (signal.aborted) work.then((late) => cleanUp?.(late)).then(undefined, () => {})
    throw error
  } finally {
    if (listener) signal.removeEventListener('abort', listener)
  }
}
