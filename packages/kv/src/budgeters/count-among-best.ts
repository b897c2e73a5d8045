/** How many of each row's scores are among the best `total` of all rows; ties go to the earlier row. */
export function countAmongBest(rows: readonly Float32Array[], total: number): Uint32Array {
  const all = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0))
  let offset = 0
  for (const row of rows) {
    all.set(row, offset)
    offset += row.length
  }
  const wanted = Math.min(all.length, Math.max(0, Math.floor(total)))
  // typed arrays are sorted natively
  const threshold = all.sort()[all.length - wanted] ?? Number.POSITIVE_INFINITY
  const counts = Uint32Array.from(rows, (row) => countWhere(row, (score) => score > threshold))
  let left = wanted - counts.reduce((sum, count) => sum + count, 0)
  for (const [index, row] of rows.entries()) {
    const ties = Math.min(
      left,
      countWhere(row, (score) => score === threshold),
    )
    counts[index]! += ties
    left -= ties
  }
  return counts
}

function countWhere(row: Float32Array, holds: (score: number) => boolean): number {
  let count = 0
  for (let index = 0; index < row.length; index++) if (holds(row[index]!)) count++
  return count
}
