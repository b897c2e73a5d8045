/** @file The keys and values of one layer, shared between forks until one of them writes. */

/** Sizes of a layer's cache: G key/value heads, D head size. */
export interface KvShape {
  readonly kvHeads: number
  readonly headDim: number
}

const transposeBlock = 16

/** Keys `[G, C, D]` and transposed values `[G, D, C]` of one layer: the layouts that a decoding step reads fastest. */
export class KvLayer {
  readonly shape: KvShape
  readonly capacity: number
  readonly key: Float32Array
  readonly value: Float32Array
  /** Caches that hold this layer. */
  owners = 1

  constructor(shape: KvShape, capacity: number) {
    this.shape = shape
    this.capacity = capacity
    const size = shape.kvHeads * shape.headDim * capacity
    this.key = new Float32Array(size)
    this.value = new Float32Array(size)
  }

  /** Copies the first `length` slots of each head to a layer of another capacity. */
  copyTo(next: KvLayer, length: number): KvLayer {
    const { kvHeads, headDim } = this.shape
    for (let head = 0; head < kvHeads; head++) {
      const from = head * this.capacity * headDim
      next.key.set(this.key.subarray(from, from + length * headDim), head * next.capacity * headDim)
      for (let column = 0; column < headDim; column++) {
        const row = head * headDim + column
        const values = this.value.subarray(row * this.capacity, row * this.capacity + length)
        next.value.set(values, row * next.capacity)
      }
    }
    return next
  }

  /** Writes `count` tokens from `[T, G*D]` rows at a slot of one head, starting at token `first`. */
  write(
    head: number,
    slot: number,
    keys: Float32Array,
    values: Float32Array,
    range: { first: number; count: number },
  ): void {
    const { kvHeads, headDim } = this.shape
    const width = kvHeads * headDim
    const { first, count } = range
    const { key, value, capacity } = this
    // plain loops: a view per token costs more than the copy
    for (let token = 0; token < count; token++) {
      const from = (first + token) * width + head * headDim
      const to = (head * capacity + slot + token) * headDim
      for (let column = 0; column < headDim; column++) key[to + column] = keys[from + column]!
    }
    // transposed in blocks of tokens that stay in the cache of the processor
    for (let start = 0; start < count; start += transposeBlock) {
      const end = Math.min(count, start + transposeBlock)
      const base = (first + start) * width + head * headDim
      for (let column = 0; column < headDim; column++) {
        const row = (head * headDim + column) * capacity + slot
        for (let token = start, from = base + column; token < end; token++, from += width)
          value[row + token] = values[from]!
      }
    }
  }

  /** Keeps these slots of a head (ascending), in order; what lies behind is cleared. */
  keep(head: number, slots: ArrayLike<number>, length: number): void {
    const { headDim } = this.shape
    const base = head * this.capacity
    const runs = movedRuns(slots)
    for (const { to, from, count } of runs)
      this.key.copyWithin((base + to) * headDim, (base + from) * headDim, (base + from + count) * headDim)
    this.key.fill(0, (base + slots.length) * headDim, (base + length) * headDim)
    for (let column = 0; column < headDim; column++) {
      const row = (head * headDim + column) * this.capacity
      for (const { to, from, count } of runs) {
        if (count > longRun) this.value.copyWithin(row + to, row + from, row + from + count)
        else for (let index = 0; index < count; index++) this.value[row + to + index] = this.value[row + from + index]!
      }
      this.value.fill(0, row + slots.length, row + length)
    }
  }

  /** A copy of the key in a slot, `[D]`. */
  keyAt(head: number, slot: number): Float32Array {
    const { headDim } = this.shape
    const from = (head * this.capacity + slot) * headDim
    return this.key.slice(from, from + headDim)
  }

  /** A copy of the value in a slot, `[D]`. */
  valueAt(head: number, slot: number): Float32Array {
    const { headDim } = this.shape
    return Float32Array.from(
      { length: headDim },
      (_, column) => this.value[(head * headDim + column) * this.capacity + slot]!,
    )
  }

  setKey(head: number, slot: number, key: Float32Array): void {
    this.key.set(key, (head * this.capacity + slot) * this.shape.headDim)
  }

  setValue(head: number, slot: number, value: Float32Array): void {
    const { headDim } = this.shape
    for (let column = 0; column < headDim; column++)
      this.value[(head * headDim + column) * this.capacity + slot] = value[column]!
  }
}

/** Slots from which on a native move is faster than a loop. */
const longRun = 24

/** Neighbouring slots that move together; those that stay where they are left out. */
function movedRuns(slots: ArrayLike<number>): { to: number; from: number; count: number }[] {
  const runs: { to: number; from: number; count: number }[] = []
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index]!
    if (slot === index) continue
    const last = runs.at(-1)
    if (last && last.from + last.count === slot) last.count++
    else runs.push({ to: index, from: slot, count: 1 })
  }
  return runs
}
