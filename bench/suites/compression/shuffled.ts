import { seededRandom } from '@lc/model'

/** The items in an order of their own, the same for each run. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const next = seededRandom(seed)
  return items
    .map((item) => ({ item, place: next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
