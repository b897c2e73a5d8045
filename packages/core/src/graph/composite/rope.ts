import { checkArgument } from '@lc/model/check'
import { add, multiply, subtract } from '../ops/elementwise.ts'
import { concat, slice } from '../ops/movement.ts'
import type { Value } from '../value.ts'

/**
 * Rotary positions (Su et al. 2021) from plain ops: pairs (i, i + R/2) of the first R elements of each head are rotated. Takes any
 * tables that broadcast to [..., R/2], also different ones per head; `rotaryEmbedding` is the fused form for one table.
 */
export function rope(x: Value, cos: Value, sin: Value): Value {
  const half = cos.shape.at(-1)
  const size = x.shape.at(-1)
  checkArgument(
    typeof half === 'number' && typeof size === 'number',
    'cos',
    half,
    'a table of a known number of columns',
  )
  const first = slice(x, { axis: -1, start: 0, end: half })
  const second = slice(x, { axis: -1, start: half, end: 2 * half })
  const rotated = [
    subtract(multiply(first, cos), multiply(second, sin)),
    add(multiply(second, cos), multiply(first, sin)),
  ]
  const rest = size > 2 * half ? [slice(x, { axis: -1, start: 2 * half })] : []
  return concat([...rotated, ...rest])
}
