/** @file Which two neighbouring tokens merge, into what, and how early. Open addressing over typed arrays. */

/** Rank of a pair that does not merge. */
export const noMerge = 0x7fffffff

/** Merges by pair of token ids. */
export interface MergeRules {
  /** The rank of a pair, lower first, or `noMerge`. */
  rank(left: number, right: number): number
  /** The token that a pair with a rank becomes. */
  merged(left: number, right: number): number
  /** A number that differs when the rules differ. */
  readonly identity: number
  /** Merging never makes these tokens: text must not turn into a special token by itself. */
  forbid(ids: ReadonlySet<number>): void
}

/** A hash table from a pair of ids to a rank and a token. */
export class MergeTable implements MergeRules {
  #left: Int32Array
  #right: Int32Array
  #rank: Int32Array
  #merged: Int32Array
  #mask: number
  #count = 0
  #identity = 0x811c9dc5

  constructor(expected = 1024) {
    let capacity = 1024
    while (capacity < expected * 2) capacity *= 2
    this.#mask = capacity - 1
    this.#left = new Int32Array(capacity).fill(-1)
    this.#right = new Int32Array(capacity)
    this.#rank = new Int32Array(capacity)
    this.#merged = new Int32Array(capacity)
  }

  /** Adds a pair; the first entry of a pair stands. */
  add(left: number, right: number, rank: number, merged: number): void {
    const slot = this.slot(left, right)
    if (this.#left[slot] !== -1) return
    this.#left[slot] = left
    this.#right[slot] = right
    this.#rank[slot] = rank
    this.#merged[slot] = merged
    this.#count++
    for (const part of [left, right, rank, merged]) this.#identity = Math.imul(this.#identity ^ part, 0x01000193)
    if (this.#count * 2 > this.#mask) this.#grow()
  }

  get identity(): number {
    return this.#identity >>> 0
  }

  /** Where the pair is, or would be put. */
  slot(left: number, right: number): number {
    const mask = this.#mask
    const lefts = this.#left
    const rights = this.#right
    let at = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 0
    at = (at ^ (at >>> 15)) & mask
    while (lefts[at] !== -1 && (lefts[at] !== left || rights[at] !== right)) at = (at + 1) & mask
    return at
  }

  has(slot: number): boolean {
    return this.#left[slot] !== -1
  }

  rank(left: number, right: number): number {
    const slot = this.slot(left, right)
    return this.#left[slot] === -1 ? noMerge : this.#rank[slot]!
  }

  merged(left: number, right: number): number {
    return this.#merged[this.slot(left, right)]!
  }

  forbid(ids: ReadonlySet<number>): void {
    for (let i = 0; i < this.#left.length; i++)
      if (this.#left[i] !== -1 && ids.has(this.#merged[i]!)) this.#rank[i] = noMerge
  }

  #grow(): void {
    const old = { left: this.#left, right: this.#right, rank: this.#rank, merged: this.#merged }
    const capacity = old.left.length * 2
    this.#mask = capacity - 1
    this.#left = new Int32Array(capacity).fill(-1)
    this.#right = new Int32Array(capacity)
    this.#rank = new Int32Array(capacity)
    this.#merged = new Int32Array(capacity)
    for (let i = 0; i < old.left.length; i++) {
      if (old.left[i] === -1) continue
      const slot = this.slot(old.left[i]!, old.right[i]!)
      this.#left[slot] = old.left[i]!
      this.#right[slot] = old.right[i]!
      this.#rank[slot] = old.rank[i]!
      this.#merged[slot] = old.merged[i]!
    }
  }
}

/**
 * The merges of a SentencePiece BPE vocabulary, which has scores instead of a list: a pair merges when its joined text is a
 * token, better tokens first, among splits of one token the longer left part first. Looked up when first asked for, so
 * that a vocabulary of 262,144 tokens costs nothing to load.
 */
export class ScoredMerges implements MergeRules {
  readonly #known = new MergeTable(4096)
  readonly #tokens: readonly string[]
  readonly #ids: ReadonlyMap<string, number>
  readonly #order: Int32Array

  /** `order[id]` is the position of a token among all tokens, best first; below 0 for what merging must not make. */
  constructor(tokens: readonly string[], ids: ReadonlyMap<string, number>, order: Int32Array) {
    this.#tokens = tokens
    this.#ids = ids
    this.#order = order
  }

  get identity(): number {
    let hash = 0x811c9dc5
    for (const place of this.#order) hash = Math.imul(hash ^ place, 0x01000193)
    return hash >>> 0
  }

  rank(left: number, right: number): number {
    const slot = this.#known.slot(left, right)
    if (!this.#known.has(slot)) this.#resolve(left, right)
    return this.#known.rank(left, right)
  }

  merged(left: number, right: number): number {
    return this.#known.merged(left, right)
  }

  forbid(ids: ReadonlySet<number>): void {
    for (const id of ids) this.#order[id] = -1
  }

  #resolve(left: number, right: number): void {
    const first = this.#tokens[left]!
    const merged = this.#ids.get(first + this.#tokens[right]!)
    if (merged === undefined || this.#order[merged]! < 0) this.#known.add(left, right, noMerge, -1)
    else this.#known.add(left, right, this.#order[merged]! * 64 + (63 - Math.min(first.length, 63)), merged)
  }
}
