/** @file Who may run next: clients take turns, however many requests each of them sends. */
import { DisposedError } from '../errors/disposed-error.ts'

/** A slot that was given; `release` it when the work is done. Idempotent. */
export type Release = () => void

interface Waiting {
  admit(release: Release): void
  refuse(reason: unknown): void
}

/** Slots shared fairly: one turn a client in round-robin order, first come first served within a client. */
export class FairQueue {
  readonly #slots: number
  readonly #capacity: number
  /** Clients with waiting requests; the order of the map is the order of turns. */
  readonly #waiting = new Map<string, Waiting[]>()
  #running = 0
  #waitingCount = 0
  #closed = false
  #idle: (() => void)[] = []

  /**
   * @param slots Requests that run at once.
   * @param capacity Requests that wait at most.
   */
  constructor(slots: number, capacity: number) {
    this.#slots = slots
    this.#capacity = capacity
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waitingCount
  }

  /** Whether one more request would neither run nor find a place to wait. */
  get full(): boolean {
    return this.#running >= this.#slots && this.#waitingCount >= this.#capacity
  }

  /** Waits for a slot. Rejects with the signal's reason, or with `DisposedError` once the queue is closed. */
  acquire(client: string, signal: AbortSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      if (this.#closed) return reject(new DisposedError({ what: 'the server' }))
      const onAbort = () => {
        this.#remove(client, entry)
        reject(signal.reason)
      }
      const entry: Waiting = {
        admit: (release) => {
          signal.removeEventListener('abort', onAbort)
          resolve(release)
        },
        refuse: (reason) => {
          signal.removeEventListener('abort', onAbort)
          reject(reason)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      const line = this.#waiting.get(client)
      if (line) line.push(entry)
      else this.#waiting.set(client, [entry])
      this.#waitingCount++
      this.#admitNext()
    })
  }

  /** Refuses all that wait and what comes later. */
  close(): void {
    this.#closed = true
    const lines = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#waitingCount = 0
    for (const entry of lines.flat()) entry.refuse(new DisposedError({ what: 'the server' }))
  }

  /** Resolves when nothing runs. */
  drained(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve))
  }

  #admitNext(): void {
    while (this.#running < this.#slots) {
      const turn = this.#waiting.entries().next()
      if (turn.done) return
      const [client, line] = turn.value
      const entry = line.shift()
      // to the end of the round, where it has more to ask
      this.#waiting.delete(client)
      if (line.length > 0) this.#waiting.set(client, line)
      if (!entry) continue
      this.#waitingCount--
      this.#running++
      entry.admit(this.#releaseOnce())
    }
  }

  #releaseOnce(): Release {
    let released = false
    return () => {
      if (released) return
      released = true
      this.#running--
      this.#admitNext()
      if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  #remove(client: string, entry: Waiting): void {
    const line = this.#waiting.get(client)
    const index = line?.indexOf(entry) ?? -1
    if (!line || index < 0) return
    line.splice(index, 1)
    this.#waitingCount--
    if (line.length === 0) this.#waiting.delete(client)
  }
}
