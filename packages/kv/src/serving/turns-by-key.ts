/** Runs pieces of work of one key one after the other, those of different keys side by side. */
export class TurnsByKey {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Whether some work of a key runs or waits. */
  busy(key: string): boolean {
    return this.#tails.has(key)
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#tails.get(key) ?? Promise.resolve()).then(work)
    const tail = result.then(
      () => undefined,
      () => undefined,
    )
    this.#tails.set(key, tail)
    try {
      return await result
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }
}
