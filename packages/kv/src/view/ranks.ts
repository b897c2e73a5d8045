/**
 * Numbers as ranks from 0 to 255: scores of different methods have different units, and attention is so uneven that all but a few
 * tokens would look alike. Equal numbers rank alike; a missing one is 0.
 */
export function ranksOf(values: readonly (number | undefined)[], count: number): Uint8Array {
  const known: number[] = []
  for (let index = 0; index < Math.min(count, values.length); index++) {
    const value = values[index]
    if (value !== undefined && Number.isFinite(value)) known.push(index)
  }
  known.sort((left, right) => values[left]! - values[right]! || left - right)
  const ranks = new Uint8Array(count)
  for (let from = 0; from < known.length; ) {
    let to = from
    while (to < known.length && values[known[to]!] === values[known[from]!]) to++
    const rank = known.length === 1 ? 255 : Math.round((255 * (from + to - 1)) / 2 / (known.length - 1))
    for (let index = from; index < to; index++) ranks[known[index]!] = rank
    from = to
  }
  return ranks
}
