/** @file The statistics of a bigram model: counts of pairs, smoothed so that every probability is known and positive. */

/** Weight of the smoothing distribution, in pseudo-counts (Dirichlet prior, MacKay and Peto 1995). */
const priorWeight = 0.5
const unigramPrior = 0.01

/** Smoothed conditional distributions over a vocabulary; each sums to 1 exactly. */
export class BigramCounts {
  readonly vocabularySize: number
  readonly #following = new Map<number, Map<number, number>>()
  readonly #unigrams: Float64Array

  constructor(documents: readonly ArrayLike<number>[], vocabularySize: number) {
    this.vocabularySize = vocabularySize
    this.#unigrams = new Float64Array(vocabularySize)
    for (const ids of documents)
      for (let index = 0; index < ids.length; index++) {
        this.#unigrams[ids[index]!]! += 1
        if (index > 0) this.#count(ids[index - 1]!, ids[index]!)
      }
    const total = this.#unigrams.reduce((sum, count) => sum + count, 0) + unigramPrior * vocabularySize
    for (let id = 0; id < vocabularySize; id++) this.#unigrams[id] = (this.#unigrams[id]! + unigramPrior) / total
  }

  #count(previous: number, next: number): void {
    const counts = this.#following.get(previous) ?? new Map<number, number>()
    counts.set(next, (counts.get(next) ?? 0) + 1)
    this.#following.set(previous, counts)
  }

  /** ln P(next | previous); without a previous token the unigram. */
  logprob(previous: number | undefined, next: number): number {
    const counts = previous === undefined ? undefined : this.#following.get(previous)
    return Math.log(this.#probability(counts, totalOf(counts), next))
  }

  /** ln P(. | previous), `[V]`. */
  logprobs(previous: number | undefined): Float64Array {
    const counts = previous === undefined ? undefined : this.#following.get(previous)
    const total = totalOf(counts)
    return Float64Array.from({ length: this.vocabularySize }, (_, id) => Math.log(this.#probability(counts, total, id)))
  }

  #probability(counts: ReadonlyMap<number, number> | undefined, total: number, next: number): number {
    return ((counts?.get(next) ?? 0) + priorWeight * this.#unigrams[next]!) / (total + priorWeight)
  }
}

function totalOf(counts: ReadonlyMap<number, number> | undefined): number {
  let total = 0
  for (const count of counts?.values() ?? []) total += count
  return total
}
