import type { KvLayer } from './kv-layer.ts'
import { type Range, sizeOf } from './slot-ranges.ts'

/** Keys of the chosen slots, the same of each head, `[G, S, D]`. */
export function gatherKeys(layer: KvLayer, slots: readonly Range[]): Float32Array {
  const { kvHeads, headDim } = layer.shape
  const size = sizeOf(slots)
  const block = new Float32Array(kvHeads * size * headDim)
  for (let head = 0; head < kvHeads; head++) {
    const rows = layer.keyRows(head, slots.at(-1)?.to ?? 0)
    let row = head * size
    for (const { from, to } of slots) {
      block.set(rows.subarray(from * headDim, to * headDim), row * headDim)
      row += to - from
    }
  }
  return block
}
