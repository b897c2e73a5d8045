import { withAbort } from '../abort/with-abort.ts'

/** Tokens on their way from a callback (the streamer of transformers.js) to a reader. */
export class TokenQueue {
  readonly #waiting: number[] = []
  #promptSeen = false
  #ended: { error?: unknown } | undefined
  #wake: (() => void) | undefined

  /** Called by the generation: first with the prompt, then with each token. */
  put(batch: readonly (readonly (number | bigint)[])[]): void {
    if (this.#promptSeen) this.#waiting.push(...batch[0]!.map(Number))
    this.#promptSeen = true
    this.#wake?.()
  }

  /** Part of the streamer's interface; the end is told by `finish`, which knows whether it failed. */
  end(): void {}

  /** No more tokens come; with an error, reading throws it. */
  finish(failure?: { error: unknown }): void {
    this.#ended = failure ?? {}
    this.#wake?.()
  }

  /** The next token, or undefined at the end. */
  async next(signal: AbortSignal): Promise<number | undefined> {
    for (;;) {
      const token = this.#waiting.shift()
      if (token !== undefined) return token
      if (this.#ended) {
        if ('error' in this.#ended) throw this.#ended.error
        return undefined
      }
      await withAbort(
        new Promise<void>((resolve) => {
          this.#wake = resolve
        }),
        signal,
      )
    }
  }
}
