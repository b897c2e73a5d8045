import { mergeSignals } from './merge-signals.ts'

/**
 * Runs a stream under a signal of its own, which fires when the reader breaks out of the loop (or throws in it), or when
 * the outer signal fires. This is how `for await ... break` cancels the work behind a stream.
 */
export async function* cancelOnBreak<T>(
  outer: AbortSignal | undefined,
  run: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const merged = mergeSignals({ signals: [outer] })
  try {
    merged.signal.throwIfAborted()
    yield* run(merged.signal)
  } finally {
    merged.abort(new DOMException('the reader of the stream left its loop', 'AbortError'))
  }
}
