/**
 * @file Byte-pair merging: the pair of lowest rank first, among equals the leftmost. Short runs scan, long runs use a heap
 * over a linked list, so that the work grows as n log n on any input.
 */
import { type MergeRules, noMerge } from './merge-table.ts'

/** Symbols of a piece: ids and the half-open range of the piece that each stands for. Merging shortens the lists in place. */
export interface Symbols {
  ids: Int32Array
  starts: Int32Array
  ends: Int32Array
  length: number
}

/** Room for `capacity` symbols. */
export function makeSymbols(capacity: number): Symbols {
  return {
    ids: new Int32Array(capacity),
    starts: new Int32Array(capacity),
    ends: new Int32Array(capacity),
    length: 0,
  }
}

const scanLimit = 40
const scanRanks = new Int32Array(scanLimit)

/** Applies all merges. */
export function mergeSymbols(symbols: Symbols, rules: MergeRules): void {
  if (symbols.length <= scanLimit) mergeByScan(symbols, rules)
  else mergeByHeap(symbols, rules)
}

function mergeByScan(symbols: Symbols, rules: MergeRules): void {
  const { ids, starts, ends } = symbols
  let count = symbols.length
  for (let i = 0; i + 1 < count; i++) scanRanks[i] = rules.rank(ids[i]!, ids[i + 1]!)
  for (;;) {
    let best = noMerge
    let at = -1
    for (let i = 0; i + 1 < count; i++)
      if (scanRanks[i]! < best) {
        best = scanRanks[i]!
        at = i
      }
    if (at < 0) break
    ids[at] = rules.merged(ids[at]!, ids[at + 1]!)
    ends[at] = ends[at + 1]!
    count--
    for (let i = at + 1; i < count; i++) {
      ids[i] = ids[i + 1]!
      starts[i] = starts[i + 1]!
      ends[i] = ends[i + 1]!
      scanRanks[i] = scanRanks[i + 1]!
    }
    if (at > 0) scanRanks[at - 1] = rules.rank(ids[at - 1]!, ids[at]!)
    if (at + 1 < count) scanRanks[at] = rules.rank(ids[at]!, ids[at + 1]!)
  }
  symbols.length = count
}

/** Positions take the low 26 bits of a heap key, ranks the bits above: one number orders both. */
const positionRange = 2 ** 26

function mergeByHeap(symbols: Symbols, rules: MergeRules): void {
  const { ids, starts, ends, length } = symbols
  const next = new Int32Array(length)
  const previous = new Int32Array(length)
  const ranks = new Int32Array(length).fill(noMerge)
  const heap = new RankHeap(length)
  const offer = (at: number): void => {
    const after = next[at]!
    const rank = after < length ? rules.rank(ids[at]!, ids[after]!) : noMerge
    ranks[at] = rank
    if (rank !== noMerge) heap.push(rank * positionRange + at)
  }
  for (let i = 0; i < length; i++) {
    next[i] = i + 1
    previous[i] = i - 1
  }
  for (let i = 0; i + 1 < length; i++) offer(i)
  for (let key = heap.pop(); key >= 0; key = heap.pop()) {
    const at = key % positionRange
    // an entry is stale when its pair has changed since
    if (ranks[at] !== (key - at) / positionRange) continue
    const gone = next[at]!
    ids[at] = rules.merged(ids[at]!, ids[gone]!)
    ends[at] = ends[gone]!
    ranks[gone] = noMerge
    next[at] = next[gone]!
    if (next[at]! < length) previous[next[at]!] = at
    offer(at)
    if (previous[at]! >= 0) offer(previous[at]!)
  }
  let count = 0
  for (let i = 0; i < length; i = next[i]!) {
    ids[count] = ids[i]!
    starts[count] = starts[i]!
    ends[count] = ends[i]!
    count++
  }
  symbols.length = count
}

/** A binary heap of numbers, smallest first. */
class RankHeap {
  #keys: Float64Array
  #size = 0

  constructor(capacity: number) {
    this.#keys = new Float64Array(Math.max(16, capacity))
  }

  push(key: number): void {
    if (this.#size === this.#keys.length) {
      const grown = new Float64Array(this.#size * 2)
      grown.set(this.#keys)
      this.#keys = grown
    }
    const keys = this.#keys
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (keys[parent]! <= key) break
      keys[at] = keys[parent]!
      at = parent
    }
    keys[at] = key
  }

  /** The smallest key, or -1. */
  pop(): number {
    if (this.#size === 0) return -1
    const keys = this.#keys
    const top = keys[0]!
    const last = keys[--this.#size]!
    const size = this.#size
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && keys[child + 1]! < keys[child]!) child++
      if (keys[child]! >= last) break
      keys[at] = keys[child]!
      at = child
    }
    keys[at] = last
    return top
  }
}
