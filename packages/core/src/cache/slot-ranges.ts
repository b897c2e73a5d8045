/** @file Slots of a head as ranges: what queries that follow each other see of ascending positions. */

/** Slots, or positions, `[from, to)`. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** Positions in the slots of a head, ascending. */
export interface AscendingPositions {
  readonly positions: Int32Array
  /** Slots in use. */
  readonly length: number
}

/** Whether positions ascend, so that what a query sees is a few ranges of slots. */
export function isAscending({ positions, length }: AscendingPositions): boolean {
  for (let slot = 1; slot < length; slot++) if (positions[slot]! <= positions[slot - 1]!) return false
  return true
}

/** The slots that hold positions of these ranges, in ranges that are apart and ascend; empty ones are left out. */
export function slotsOfPositions(head: AscendingPositions, ranges: readonly Range[]): Range[] {
  const found = ranges
    .map(({ from, to }) => ({ from: countBelow(head, from), to: countBelow(head, to) }))
    .filter(({ from, to }) => from < to)
    .sort((left, right) => left.from - right.from)
  const joined: Range[] = []
  for (const range of found) {
    const last = joined.at(-1)
    if (last && range.from <= last.to) joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, range.to) }
    else joined.push(range)
  }
  return joined
}

/** How many slots there are in the ranges. */
export function sizeOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0)
}

/** How many ascending positions are below a bound. */
export function countBelow({ positions, length }: AscendingPositions, bound: number): number {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (positions[middle]! < bound) low = middle + 1
    else high = middle
  }
  return low
}
