/**
 * Runs work on all items, at most `concurrency` at a time; results in the order of the items. The first failure stops
 * what has not begun and is thrown after what had begun has settled.
 */
export async function mapInFlight<T, R>(
  items: readonly T[],
  concurrency: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length)
  let next = 0
  let failed = false
  const worker = async () => {
    while (next < items.length && !failed) {
      const index = next++
      try {
        results[index] = await work(items[index] as T, index)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, worker)
  const settled = await Promise.allSettled(workers)
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason
  return results
}
