/** @file Where the slots of each key/value head lie in the arrays of a layer. */

/** Slots are given out in so many, which keeps rows of transposed arrays on lines of the processor's cache. */
const block = 16
/** Slots of room beside what is in use, in parts of it: growth in proportion keeps copying cheap and empty slots few. */
const roomShare = 1 / 16
/** Heads get rooms of their own where the same room for all would be larger by this factor, and keep them above the lower one. */
const wastefulFactor = 1.03
const evenFactor = 1.01
/** Slots of room per head with which lengths are compared. */
const leastRoom = 8

/**
 * Places of the slots of one layer. `rectangular`: all heads have the same number, and each head is a matrix of its own. Otherwise
 * heads lie one after the other in one matrix, each with a number of its own.
 */
export class HeadLayout {
  readonly rectangular: boolean
  /** Slots that each head has room for. */
  readonly capacities: Int32Array
  /** First slot of each head, counted through all heads. */
  readonly starts: Int32Array
  /** Slots of all heads. */
  readonly total: number

  private constructor(capacities: Int32Array, rectangular: boolean) {
    this.rectangular = rectangular
    this.capacities = capacities
    this.starts = new Int32Array(capacities.length)
    let total = 0
    for (const [head, capacity] of capacities.entries()) {
      this.starts[head] = total
      total += capacity
    }
    this.total = total
  }

  /** The same room for all heads. */
  static rectangle(heads: number, slots: number): HeadLayout {
    return new HeadLayout(new Int32Array(heads).fill(roundUp(Math.max(slots, 1))), true)
  }

  /** Room for `lengths` and `extra` more in each head. */
  static ragged(lengths: Int32Array, extra: number): HeadLayout {
    const capacities = lengths.map((length) => Math.max(length + extra, 1))
    const total = capacities.reduce((sum, capacity) => sum + capacity, 0)
    capacities[capacities.length - 1]! += roundUp(total) - total
    return new HeadLayout(capacities, false)
  }

  /** Slots that the roomiest head has room for. */
  get capacity(): number {
    return this.rectangular ? this.capacities[0]! : Math.max(...this.capacities)
  }

  /** Whether `count` more slots fit behind these lengths. */
  fits(lengths: Int32Array, count: number): boolean {
    for (let head = 0; head < lengths.length; head++) if (lengths[head]! + count > this.capacities[head]!) return false
    return true
  }

  equals(other: HeadLayout): boolean {
    if (this.rectangular !== other.rectangular || this.total !== other.total) return false
    return this.capacities.every((capacity, head) => capacity === other.capacities[head])
  }
}

/**
 * Whether rooms of their own for heads save memory, by the lengths of all heads `[L * G]`. A cache at the edge does not go back and
 * forth: what is ragged already stays so for less.
 */
export function ragsPay(lengths: Int32Array, kvHeads: number, ragged: boolean): boolean {
  let [own, same] = [0, 0]
  for (let start = 0; start < lengths.length; start += kvHeads) {
    const heads = lengths.subarray(start, start + kvHeads)
    for (const length of heads) own += length + leastRoom
    same += kvHeads * (Math.max(...heads) + leastRoom)
  }
  return same > own * (ragged ? evenFactor : wastefulFactor)
}

/** Slots of room that heads of these lengths are given at once: when they grow, and after a cut, so that the next tokens need no copy. */
export function roomFor(lengths: Int32Array): number {
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  return Math.max(block, Math.ceil(mean * roomShare))
}

function roundUp(slots: number): number {
  return Math.ceil(slots / block) * block
}
