import type { HostTensor } from '../runtime/tensor.ts'
import type { HeadLayout } from './head-layout.ts'
import type { KvLayer, KvShape, NewRows } from './kv-layer.ts'
import { type KeyTurn, turnRow } from './rotate-key.ts'
import type { ArrayToSave, SavedArray } from './sealed-arrays.ts'
import { SlotMatrix, type SlotRun } from './slot-matrix.ts'

const floats = (length: number): Float32Array => new Float32Array(length)

/** Keys `[G, C, D]` and transposed values `[G, D, C]`, ragged `[1, S, D]` and `[1, D, S]`: the layouts that a step reads fastest. */
export class Float32Layer implements KvLayer {
  readonly format = 'float32'
  readonly shape: KvShape
  readonly layout: HeadLayout
  readonly key: SlotMatrix<Float32Array>
  readonly value: SlotMatrix<Float32Array>
  readonly tensors: Readonly<Record<string, HostTensor>>
  owners = 1
  readonly ends: Int32Array

  constructor(shape: KvShape, layout: HeadLayout) {
    this.shape = shape
    this.layout = layout
    this.ends = new Int32Array(shape.kvHeads)
    this.key = new SlotMatrix(layout, shape.headDim, 'slots', floats)
    this.value = new SlotMatrix(layout, shape.headDim, 'columns', floats)
    this.tensors = {
      pastKey: { dtype: 'float32', shape: this.key.shape, data: this.key.data },
      pastValue: { dtype: 'float32', shape: this.value.shape, data: this.value.data },
    }
  }

  get bytes(): number {
    return this.key.data.byteLength + this.value.data.byteLength
  }

  copyTo(next: KvLayer, lengths: Int32Array): void {
    const target = next as Float32Layer
    this.key.copyTo(target.key, lengths)
    this.value.copyTo(target.value, lengths)
  }

  write(head: number, slot: number, rows: NewRows, { first, count }: { first: number; count: number }): void {
    const { kvHeads, headDim } = this.shape
    const stride = kvHeads * headDim
    const place = { offset: first * stride + head * headDim, stride, count }
    this.key.write(head, slot, rows.key, place)
    this.value.write(head, slot, rows.value, place)
  }

  takesBehind(): boolean {
    return true
  }

  usedBytes(_: number, length: number): number {
    return 8 * this.shape.headDim * length
  }

  arraysToSave(lengths: Int32Array): ArrayToSave[] {
    return [...this.key.arraysToSave('key', lengths), ...this.value.arraysToSave('value', lengths)]
  }

  restore(lengths: Int32Array, array: (name: string) => SavedArray | undefined): void {
    this.key.restore('key', lengths, array)
    this.value.restore('value', lengths, array)
  }

  keep(head: number, runs: readonly SlotRun[]): void {
    this.key.keep(head, runs)
    this.value.keep(head, runs)
  }

  keyAt(head: number, slot: number): Float32Array {
    return rowOf(this.key, head, slot)
  }

  valueAt(head: number, slot: number): Float32Array {
    return rowOf(this.value, head, slot)
  }

  turnKey(head: number, slot: number, turn: KeyTurn): void {
    turnRow(this.key.data, (this.layout.starts[head]! + slot) * this.shape.headDim, turn)
  }

  setKey(head: number, slot: number, key: ArrayLike<number>): void {
    this.key.write(head, slot, key, { offset: 0, stride: 0, count: 1 })
  }

  setValue(head: number, slot: number, value: ArrayLike<number>): void {
    this.value.write(head, slot, value, { offset: 0, stride: 0, count: 1 })
  }

  keyRows(head: number, count: number): Float32Array {
    return this.key.view(head, count)
  }

  valueRows(head: number, count: number): Float32Array {
    const rows = new Float32Array(count * this.shape.headDim)
    this.value.readRows(head, count, rows)
    return rows
  }
}

function rowOf(matrix: SlotMatrix<Float32Array>, head: number, slot: number): Float32Array {
  const row = new Float32Array(matrix.width)
  matrix.read(head, slot, row)
  return row
}
