/** Runs pieces of work one after the other, in the order of the calls. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve()

  /** Does the work when all earlier work has ended, whether it failed or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work, work)
    this.#tail = result.catch(() => undefined)
    return result
  }
}
