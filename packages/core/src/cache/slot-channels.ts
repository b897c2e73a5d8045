/** @file Numbers that slots of a cache carry beside keys and values, by name: biases, accumulated attention, merged masses. */

/** Arrays by name, one per head `[L * G]`, as long as the head's capacity. */
export class SlotChannels {
  readonly #heads: number
  readonly #capacityOf: (index: number) => number
  readonly #arrays = new Map<string, Float32Array[]>()

  /** @param capacityOf slots that a head has room for now */
  constructor(heads: number, capacityOf: (index: number) => number, origin?: SlotChannels) {
    this.#heads = heads
    this.#capacityOf = capacityOf
    for (const [name, arrays] of origin ? origin.#arrays : [])
      this.#arrays.set(
        name,
        arrays.map((array) => array.slice()),
      )
  }

  get names(): readonly string[] {
    return [...this.#arrays.keys()]
  }

  has(name: string): boolean {
    return this.#arrays.has(name)
  }

  /** The array of a head where the name is known. */
  peek(name: string, index: number): Float32Array | undefined {
    return this.#arrays.get(name)?.[index]
  }

  /** The array of a head; zeros when the name is new. */
  array(name: string, index: number): Float32Array {
    let arrays = this.#arrays.get(name)
    if (!arrays) {
      arrays = Array.from({ length: this.#heads }, (_, head) => new Float32Array(this.#capacityOf(head)))
      this.#arrays.set(name, arrays)
    }
    return arrays[index]!
  }

  delete(name: string): boolean {
    return this.#arrays.delete(name)
  }

  /** Moves the numbers of kept slots to the front. */
  keep(index: number, slots: ArrayLike<number>): void {
    for (const arrays of this.#arrays.values()) {
      const array = arrays[index]!
      for (let slot = 0; slot < slots.length; slot++) array[slot] = array[slots[slot]!]!
      array.fill(0, slots.length)
    }
  }

  /** New slots begin with zeros. */
  clear(index: number, from: number, to: number): void {
    for (const arrays of this.#arrays.values()) arrays[index]!.fill(0, from, to)
  }

  /** Gives the array of a head its capacity of now. */
  resize(index: number): void {
    const capacity = this.#capacityOf(index)
    for (const arrays of this.#arrays.values()) {
      const next = new Float32Array(capacity)
      next.set(arrays[index]!.subarray(0, capacity))
      arrays[index] = next
    }
  }
}
