/** How the query heads of a key/value head are joined. */
export type HeadGrouping = 'group-mean' | 'group-max' | 'group-sum' | 'layer-mean' | 'each'

/** Numbers by query head `[H, C]`, as one array per key/value head (or per query head with `each`). */
export function groupHeads(
  values: Float32Array,
  { heads, kvHeads }: { readonly heads: number; readonly kvHeads: number },
  grouping: HeadGrouping,
): readonly Float32Array[] {
  const width = values.length / heads
  const rows = Array.from({ length: heads }, (_, head) => values.slice(head * width, (head + 1) * width))
  if (grouping === 'each') return rows
  if (grouping === 'layer-mean') {
    const mean = joined(rows, 'mean')
    return Array.from({ length: kvHeads }, () => mean)
  }
  const group = heads / kvHeads
  const how = grouping === 'group-mean' ? 'mean' : grouping === 'group-max' ? 'max' : 'sum'
  return Array.from({ length: kvHeads }, (_, head) => joined(rows.slice(head * group, (head + 1) * group), how))
}

function joined(rows: readonly Float32Array[], how: 'mean' | 'max' | 'sum'): Float32Array {
  const result = new Float32Array(rows[0]!.length).fill(how === 'max' ? Number.NEGATIVE_INFINITY : 0)
  const factor = how === 'mean' ? 1 / rows.length : 1
  for (const row of rows)
    for (let column = 0; column < result.length; column++)
      result[column] = how === 'max' ? Math.max(result[column]!, row[column]!) : result[column]! + row[column]! * factor
  return result
}
