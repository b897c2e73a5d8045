/** @file Keeps native memory alive while work runs on it: closing waits for zero handles, and no work starts after it. */
import { DisposedError } from '../errors/disposed-error.ts'

/** A promise that something stays open. Release it when the work is done. */
export interface PreventionHandle {
  /** Idempotent. */
  release(): void
}

/** Guards something that is closed once, and never while it is in use. */
export class DisposeGuard {
  readonly #what: string
  readonly #dispose: () => void | Promise<void>
  #handleCount = 0
  #closing: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  /**
   * @param what named in `DisposedError`, for example `the model smollm2-135m`
   * @param dispose frees the memory; called once, when nothing is in flight any more
   */
  constructor(what: string, dispose: () => void | Promise<void>) {
    this.#what = what
    this.#dispose = dispose
  }

  /** True from the first call of `close` on. */
  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** @throws DisposedError when closed. */
  check(): void {
    if (this.#closing) throw new DisposedError({ what: this.#what })
  }

  /**
   * Keeps it open until the handle is released.
   *
   * @throws DisposedError when closed.
   */
  hold(): PreventionHandle {
    this.check()
    this.#handleCount++
    let held = true
    return {
      release: () => {
        if (!held) return
        held = false
        this.#handleCount--
        if (this.#handleCount === 0) this.#onIdle?.()
      },
    }
  }

  /**
   * Runs work that needs it open; `close` waits for its end.
   *
   * @throws DisposedError when closed.
   */
  async use<T>(work: () => T | Promise<T>): Promise<T> {
    const handle = this.hold()
    try {
      return await work()
    } finally {
      handle.release()
    }
  }

  /** Refuses new work, waits for work in flight, then frees. Idempotent: every call resolves when all is freed. */
  close(): Promise<void> {
    this.#closing ??= this.#closeOnce()
    return this.#closing
  }

  async #closeOnce(): Promise<void> {
    if (this.#handleCount > 0)
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    await this.#dispose()
  }
}
