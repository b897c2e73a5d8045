/**
 * Decodes token by token: what a token adds is the difference of two decodings that share a few tokens before it, since
 * a token alone may lose a leading space. Incomplete characters wait for their rest.
 */
export class IncrementalDecoder {
  readonly #decode: (ids: number[]) => string
  #context: number[] = []
  #pending: number[] = []

  constructor(decode: (ids: number[]) => string) {
    this.#decode = decode
  }

  /** The text that this token completes; empty while a character is incomplete. */
  push(id: number): string {
    this.#pending.push(id)
    const text = this.#added()
    // the rest of the character may still come; if it was no character, it is passed on with what follows
    return text.endsWith('\ufffd') ? '' : this.#take(text)
  }

  /** What is left when no more tokens come. */
  flush(): string {
    return this.#pending.length === 0 ? '' : this.#take(this.#added())
  }

  #added(): string {
    const before = this.#decode(this.#context)
    return this.#decode([...this.#context, ...this.#pending]).slice(before.length)
  }

  #take(text: string): string {
    this.#context = [...this.#context, ...this.#pending].slice(-6)
    this.#pending = []
    return text
  }
}
