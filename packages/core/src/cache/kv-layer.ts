/** @file The keys and values of one layer, shared between forks until one of them changes what another sees. */
import type { HostTensor } from '../runtime/tensor.ts'
import type { CacheFormat } from './cache-format.ts'
import type { HeadLayout } from './head-layout.ts'
import type { KeyTurn } from './rotate-key.ts'
import type { ArrayToSave, SavedArray } from './sealed-arrays.ts'
import type { SlotRun } from './slot-matrix.ts'

/** Sizes of a layer's cache: G key/value heads, D head size. */
export interface KvShape {
  readonly kvHeads: number
  readonly headDim: number
}

/** New rows of one layer, `[T, G*D]` each. */
export interface NewRows {
  readonly key: Float32Array
  readonly value: Float32Array
}

/** The arrays of one layer in one format. */
export interface KvLayer {
  readonly format: CacheFormat
  readonly shape: KvShape
  readonly layout: HeadLayout
  /** Caches that hold this layer. */
  owners: number
  /** Of a layer with several owners: slots of each head that any of them has written. */
  readonly ends: Int32Array
  /** Bytes of the arrays. */
  readonly bytes: number
  /** What a graph takes: names without the layer's number. */
  readonly tensors: Readonly<Record<string, HostTensor>>
  /** Copies the first slots of each head to a layer of another layout. */
  copyTo(next: KvLayer, lengths: Int32Array): void
  /** Writes `count` tokens of new rows from token `first` on to a head's slots from `slot` on. */
  write(head: number, slot: number, rows: NewRows, range: { readonly first: number; readonly count: number }): void
  /** Whether so many more slots of each head can be written without a change to any before them. */
  takesBehind(count: number): boolean
  /** Bytes that a head's first slots take. */
  usedBytes(head: number, length: number): number
  /** What the first slots of each head hold, in the layer's own precision. */
  arraysToSave(lengths: Int32Array): ArrayToSave[]
  /** Takes over arrays that were saved, by their names, to the first slots of a layer that nothing was written to. @throws FileFormatError */
  restore(lengths: Int32Array, array: (name: string) => SavedArray | undefined): void
  /** Moves kept slots of a head to its front. What lies behind them means nothing. */
  keep(head: number, runs: readonly SlotRun[]): void
  /** A copy of the key in a slot, `[D]`. */
  keyAt(head: number, slot: number): Float32Array
  /** A copy of the value in a slot, `[D]`. */
  valueAt(head: number, slot: number): Float32Array
  /** Turns the key in a slot to another position. */
  turnKey(head: number, slot: number, turn: KeyTurn): void
  setKey(head: number, slot: number, key: ArrayLike<number>): void
  setValue(head: number, slot: number, value: ArrayLike<number>): void
  /** The keys of a head's first slots, `[count, D]`: to read only, and only until the cache changes. */
  keyRows(head: number, count: number): Float32Array
  /** The values of a head's first slots, `[count, D]`, likewise. */
  valueRows(head: number, count: number): Float32Array
}

/** Keys of all heads as one array `[G, C, D]`, C the capacity of the roomiest head. Slots not in use may hold anything finite. */
export function keyBlock(layer: KvLayer, lengths: Int32Array): Float32Array {
  const { kvHeads, headDim } = layer.shape
  const { layout } = layer
  if (layout.rectangular && layer.format === 'float32') return layer.tensors.pastKey!.data as Float32Array
  const block = new Float32Array(kvHeads * layout.capacity * headDim)
  for (let head = 0; head < kvHeads; head++)
    block.set(layer.keyRows(head, lengths[head]!), head * layout.capacity * headDim)
  return block
}
