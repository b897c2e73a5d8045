/** @file Which position each slot of each head holds: one list for all heads while they are alike. */

/** Lists of positions, one per head `[L * G]`; entries behind the slots in use mean nothing. */
export class SlotPositions {
  #lists: Int32Array[]

  constructor(heads: number, capacity: number, origin?: SlotPositions) {
    if (!origin) {
      this.#lists = new Array<Int32Array>(heads).fill(new Int32Array(capacity))
      return
    }
    const copies = new Map([...new Set(origin.#lists)].map((list) => [list, list.slice()]))
    this.#lists = origin.#lists.map((list) => copies.get(list)!)
  }

  /** Whether all heads hold the same positions. */
  get alike(): boolean {
    const first = this.#lists[0]
    return this.#lists.every((list) => list === first)
  }

  of(index: number): Int32Array {
    return this.#lists[index]!
  }

  /** Gives a head a list of its own. */
  set(index: number, positions: ArrayLike<number>, capacity: number): void {
    const own = new Int32Array(Math.max(capacity, positions.length))
    own.set(positions)
    this.#lists[index] = own
  }

  /** Keeps chosen slots of one head. */
  keep(index: number, slots: ArrayLike<number>, capacity: number): void {
    this.#lists[index] = kept(this.#lists[index]!, slots, capacity)
  }

  /** Keeps chosen slots of all heads, which are alike. */
  keepAll(slots: ArrayLike<number>, capacity: number): void {
    this.#lists.fill(kept(this.#lists[0]!, slots, capacity))
  }

  /** Declares that all heads hold the same positions. */
  share(): void {
    this.#lists.fill(this.#lists[0]!)
  }

  /** Sets the lists of all heads; equal ones are given as one. */
  restore(lists: readonly (readonly number[])[]): void {
    const made = new Map<readonly number[], Int32Array>()
    this.#lists = lists.map((list) => {
      const positions = made.get(list) ?? Int32Array.from(list)
      made.set(list, positions)
      return positions
    })
  }

  /** Writes positions `start`, `start` + 1, ... behind the slots in use. */
  append(lengths: Int32Array, count: number, start: number, capacityOf: (index: number) => number): void {
    const written = new Map<Int32Array, Int32Array>()
    for (const [index, list] of this.#lists.entries()) {
      const known = written.get(list)
      if (known) {
        this.#lists[index] = known
        continue
      }
      const length = lengths[index]!
      const long = length + count <= list.length ? list : longer(list, Math.max(length + count, capacityOf(index)))
      for (let token = 0; token < count; token++) long[length + token] = start + token
      written.set(list, long)
      this.#lists[index] = long
    }
  }
}

function kept(list: Int32Array, slots: ArrayLike<number>, capacity: number): Int32Array {
  const result = new Int32Array(Math.max(capacity, slots.length))
  for (let slot = 0; slot < slots.length; slot++) result[slot] = list[slots[slot]!]!
  return result
}

function longer(list: Int32Array, length: number): Int32Array {
  const result = new Int32Array(length)
  result.set(list)
  return result
}
