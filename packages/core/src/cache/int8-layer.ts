import type { HostTensor } from '../runtime/tensor.ts'
import type { HeadLayout } from './head-layout.ts'
import type { KvLayer, KvShape, NewRows } from './kv-layer.ts'
import { type KeyTurn, turnRow } from './rotate-key.ts'
import type { ArrayToSave, SavedArray } from './sealed-arrays.ts'
import { type RowPlace, SlotMatrix, type SlotOrder, type SlotRun } from './slot-matrix.ts'

/** Zero of the codes. */
const middle = 128
const mostSteps = 127
const oneRow: RowPlace = { offset: 0, stride: 0, count: 1 }

/**
 * Rows as 8-bit codes: a number is about (code - 128) * scale, with one scale per slot and head, the largest number of the row over 127.
 */
class CodedMatrix {
  readonly codes: SlotMatrix<Uint8Array>
  readonly scales: SlotMatrix<Float32Array>
  readonly #scale = new Float32Array(1)

  constructor(layout: HeadLayout, width: number, order: SlotOrder) {
    this.codes = new SlotMatrix(layout, width, order, (length) => new Uint8Array(length))
    // one number per slot: in this order its sizes are [G, 1, C], ragged [1, S], as scores need them
    this.scales = new SlotMatrix(layout, 1, 'columns', (length) => new Float32Array(length))
  }

  get bytes(): number {
    return this.codes.data.byteLength + this.scales.data.byteLength
  }

  write(head: number, slot: number, source: ArrayLike<number>, { offset, stride, count }: RowPlace): void {
    const { width } = this.codes
    const codes = new Uint8Array(count * width)
    const scales = new Float32Array(count)
    for (let row = 0; row < count; row++) scales[row] = encode(source, offset + row * stride, codes, row * width, width)
    this.codes.write(head, slot, codes, { offset: 0, stride: width, count })
    this.scales.write(head, slot, scales, { offset: 0, stride: 1, count })
  }

  read(head: number, slot: number, into: Float32Array, at: number): void {
    this.codes.read(head, slot, into, at)
    this.scales.read(head, slot, this.#scale)
    const scale = this.#scale[0]!
    for (let column = 0; column < this.codes.width; column++) into[at + column] = (into[at + column]! - middle) * scale
  }

  rows(head: number, first: number, count: number): Float32Array {
    const { width } = this.codes
    const rows = new Float32Array(count * width)
    for (let slot = 0; slot < count; slot++) this.read(head, first + slot, rows, slot * width)
    return rows
  }

  copyTo(next: CodedMatrix, lengths: Int32Array): void {
    this.codes.copyTo(next.codes, lengths)
    this.scales.copyTo(next.scales, lengths)
  }

  arraysToSave(name: string, lengths: Int32Array): ArrayToSave[] {
    return [...this.codes.arraysToSave(name, lengths), ...this.scales.arraysToSave(`${name}Scale`, lengths)]
  }

  restore(name: string, lengths: Int32Array, array: (name: string) => SavedArray | undefined): void {
    this.codes.restore(name, lengths, array)
    this.scales.restore(`${name}Scale`, lengths, array)
  }

  keep(head: number, runs: readonly SlotRun[]): void {
    this.codes.keep(head, runs)
    this.scales.keep(head, runs)
  }
}

/**
 * Keys `[G, D, C]` and values `[G, C, D]` as codes, ragged `[1, D, S]` and `[1, S, D]`: the right operands of integer products. Rows are
 * rounded when they are written; copies and kept slots stay as they are.
 */
export class Int8Layer implements KvLayer {
  readonly format = 'int8'
  readonly shape: KvShape
  readonly layout: HeadLayout
  readonly #key: CodedMatrix
  readonly #value: CodedMatrix
  readonly tensors: Readonly<Record<string, HostTensor>>
  owners = 1
  readonly ends: Int32Array

  constructor(shape: KvShape, layout: HeadLayout) {
    this.shape = shape
    this.layout = layout
    this.ends = new Int32Array(shape.kvHeads)
    this.#key = new CodedMatrix(layout, shape.headDim, 'columns')
    this.#value = new CodedMatrix(layout, shape.headDim, 'slots')
    const [key, value] = [this.#key, this.#value]
    this.tensors = {
      pastKey: { dtype: 'uint8', shape: key.codes.shape, data: key.codes.data },
      pastKeyScale: { dtype: 'float32', shape: key.scales.shape, data: key.scales.data },
      pastValue: { dtype: 'uint8', shape: value.codes.shape, data: value.codes.data },
      pastValueScale: { dtype: 'float32', shape: value.scales.shape, data: value.scales.data },
    }
  }

  get bytes(): number {
    return this.#key.bytes + this.#value.bytes
  }

  copyTo(next: KvLayer, lengths: Int32Array): void {
    const target = next as Int8Layer
    this.#key.copyTo(target.#key, lengths)
    this.#value.copyTo(target.#value, lengths)
  }

  write(head: number, slot: number, rows: NewRows, { first, count }: { first: number; count: number }): void {
    const { kvHeads, headDim } = this.shape
    const stride = kvHeads * headDim
    const place = { offset: first * stride + head * headDim, stride, count }
    this.#key.write(head, slot, rows.key, place)
    this.#value.write(head, slot, rows.value, place)
  }

  takesBehind(): boolean {
    return true
  }

  usedBytes(_: number, length: number): number {
    return 2 * (this.shape.headDim + 4) * length
  }

  arraysToSave(lengths: Int32Array): ArrayToSave[] {
    return [...this.#key.arraysToSave('key', lengths), ...this.#value.arraysToSave('value', lengths)]
  }

  restore(lengths: Int32Array, array: (name: string) => SavedArray | undefined): void {
    this.#key.restore('key', lengths, array)
    this.#value.restore('value', lengths, array)
  }

  keep(head: number, runs: readonly SlotRun[]): void {
    this.#key.keep(head, runs)
    this.#value.keep(head, runs)
  }

  keyAt(head: number, slot: number): Float32Array {
    return this.#key.rows(head, slot, 1)
  }

  valueAt(head: number, slot: number): Float32Array {
    return this.#value.rows(head, slot, 1)
  }

  turnKey(head: number, slot: number, turn: KeyTurn): void {
    const key = this.keyAt(head, slot)
    turnRow(key, 0, turn)
    this.setKey(head, slot, key)
  }

  setKey(head: number, slot: number, key: ArrayLike<number>): void {
    this.#key.write(head, slot, key, oneRow)
  }

  setValue(head: number, slot: number, value: ArrayLike<number>): void {
    this.#value.write(head, slot, value, oneRow)
  }

  keyRows(head: number, count: number): Float32Array {
    return this.#key.rows(head, 0, count)
  }

  valueRows(head: number, count: number): Float32Array {
    return this.#value.rows(head, 0, count)
  }
}

/** Writes the codes of a row, and gives its scale. */
function encode(source: ArrayLike<number>, from: number, codes: Uint8Array, to: number, width: number): number {
  let largest = 0
  for (let column = 0; column < width; column++) largest = Math.max(largest, Math.abs(source[from + column]!))
  const scale = Math.fround(largest / mostSteps)
  const steps = scale > 0 ? 1 / scale : 0
  // the bound: a rounded scale may put the largest number a little beyond the last step
  for (let column = 0; column < width; column++)
    codes[to + column] = middle + Math.max(-mostSteps, Math.min(mostSteps, Math.round(source[from + column]! * steps)))
  return scale
}
