import { DisposedError } from '../errors/disposed-error.ts'
import { asyncDispose } from './async-dispose.ts'

/** Anything a scope can own. */
export type Disposer = { close(): unknown } | { dispose(): unknown } | { [Symbol.asyncDispose](): PromiseLike<unknown> }

/**
 * Owns things and closes them in reverse order of creation, each even if another fails.
 *
 * @example
 * ```ts
 * import { Scope } from '@lc/model/dispose'
 *
 * const scope = new Scope()
 * try {
 *   const first = scope.keep({ close: async () => {} })
 *   scope.defer(() => {})
 *   void first
 * } finally {
 *   await scope.close()
 * }
 * ```
 */
export class Scope implements AsyncDisposable {
  #owned = new Map<unknown, () => unknown>()
  #closing: Promise<void> | undefined

  /** True from the first call of `close` on. */
  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** Takes ownership; returns its argument. */
  keep<T extends Disposer>(child: T): T {
    this.#add(child, () => closeChild(child))
    return child
  }

  /** Runs a clean-up at its turn when the scope closes. */
  defer(cleanUp: () => unknown): void {
    this.#add(cleanUp, cleanUp)
  }

  /** Gives ownership back to the caller: the scope will not close this child. */
  release<T extends Disposer>(child: T): T {
    this.#owned.delete(child)
    return child
  }

  /**
   * Closes all children, newest first. Idempotent.
   *
   * @throws the error of the child that failed; an `AggregateError` when several did.
   */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  [asyncDispose](): Promise<void> {
    return this.close()
  }

  #add(key: unknown, cleanUp: () => unknown): void {
    if (this.#closing) throw new DisposedError({ what: 'the scope' })
    this.#owned.set(key, cleanUp)
  }

  async #closeAll(): Promise<void> {
    const errors: unknown[] = []
    for (const cleanUp of [...this.#owned.values()].reverse()) {
      try {
        await cleanUp()
      } catch (error) {
        errors.push(error)
      }
    }
    this.#owned.clear()
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} things could not be closed`)
  }
}

function closeChild(child: Disposer): unknown {
  if ('close' in child) return child.close()
  if ('dispose' in child) return child.dispose()
  return child[asyncDispose]()
}
