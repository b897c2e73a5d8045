import type { Encoding, Span } from '@lc/model'

/** Takes the tokens of a text in order. */
export interface TokenSink {
  push(id: number, start: number, end: number): void
}

/** Only counts. */
export class CountingSink implements TokenSink {
  count = 0
  push(): void {
    this.count++
  }
}

/** Collects ids and spans. */
export class EncodingSink implements TokenSink {
  #ids = new Uint32Array(64)
  readonly spans: Span[] = []

  push(id: number, start: number, end: number): void {
    const at = this.spans.length
    if (at === this.#ids.length) {
      const grown = new Uint32Array(at * 2)
      grown.set(this.#ids)
      this.#ids = grown
    }
    this.#ids[at] = id
    this.spans.push({ start, end })
  }

  encoding(): Encoding {
    return { ids: this.#ids.slice(0, this.spans.length), spans: this.spans }
  }
}
