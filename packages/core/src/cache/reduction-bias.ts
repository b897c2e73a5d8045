/** @file What is added to scores so that each of the queries whose attention is reduced sees its slots. */
import { type AscendingPositions, type Range, slotsOfPositions } from './slot-ranges.ts'

/** Large enough that its exponential is zero, small enough that sums stay finite. */
export const hidden = -1e30

/** Positions of all keys. */
export const everything = [{ from: 0, to: Number.POSITIVE_INFINITY }]

/** Queries that follow each other, and what they may see of a head. */
export interface RowsOfHead {
  readonly head: AscendingPositions
  readonly window: number
  readonly keys: readonly Range[]
  readonly queries: { readonly first: number; readonly count: number }
}

/** The bias `[R, width]` over chosen slots: each row sees ranges of them, filled at once. */
export function biasOfRanges({
  slots,
  width,
  ...rows
}: RowsOfHead & { slots: readonly Range[]; width: number }): Float32Array {
  const data = new Float32Array(rows.queries.count * width)
  for (let row = 0; row < rows.queries.count; row++) {
    const own = data.subarray(row * width, (row + 1) * width)
    let column = 0
    const seen = seenBy(rows, row)
    for (const { from, to } of slots) {
      own.fill(hidden, column, column + to - from)
      for (const range of seen) {
        const [start, end] = [Math.max(range.from, from), Math.min(range.to, to)]
        if (start < end) own.fill(0, column + start - from, column + end - from)
      }
      column += to - from
    }
    own.fill(hidden, column)
  }
  return data
}

/** Shows each row what it sees, in rows over all slots that begin hidden. */
export function fillRanges(data: Float32Array, rows: RowsOfHead): void {
  const width = data.length / rows.queries.count
  for (let row = 0; row < rows.queries.count; row++)
    for (const { from, to } of seenBy(rows, row)) data.fill(0, row * width + from, row * width + to)
}

/** The slots that a row sees. */
function seenBy({ head, window, keys, queries }: RowsOfHead, row: number): Range[] {
  const query = queries.first + row
  return slotsOfPositions(
    head,
    keys.map(({ from, to }) => ({ from: Math.max(from, query - window + 1), to: Math.min(to, query + 1) })),
  )
}

/** The same slot by slot, where what is seen is no range. */
export function fillEach(
  data: Float32Array,
  {
    positions,
    length,
    own,
    sees,
    queries,
  }: AscendingPositions & {
    own: Float32Array | undefined
    sees: (query: number, key: number) => boolean
    queries: RowsOfHead['queries']
  },
): void {
  const width = data.length / queries.count
  for (let row = 0; row < queries.count; row++)
    for (let slot = 0; slot < length; slot++)
      if (sees(queries.first + row, positions[slot]!)) data[row * width + slot] = own ? Math.max(own[slot]!, hidden) : 0
}
