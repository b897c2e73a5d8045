import type { PassageOrder } from './options.ts'

/**
 * The order in which passages are given back.
 * @param ranking passages from the best to the worst
 */
export function orderPassages(ranking: readonly number[], order: PassageOrder): number[] {
  if (order === 'relevance') return [...ranking]
  if (order === 'original') return [...ranking].sort((a, b) => a - b)
  // the best at the beginning, the second at the end, and so on towards the middle
  const front = ranking.filter((_, place) => place % 2 === 0)
  const back = ranking.filter((_, place) => place % 2 === 1)
  return [...front, ...back.reverse()]
}
