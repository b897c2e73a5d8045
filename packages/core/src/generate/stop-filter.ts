/** Holds back text that may be the beginning of a stop string, and ends before the first one. */
export class StopFilter {
  readonly #stops: readonly string[]
  #held = ''
  #stopped = false
  #taken = ''

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '')
  }

  /** Whether a stop string has come; nothing more is released. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** From the stop string on: what was not released when it came. */
  get taken(): string {
    return this.#taken
  }

  /** Takes new text and gives what can be released. */
  push(text: string): string {
    if (this.#stopped) return ''
    this.#held += text
    let first = -1
    for (const stop of this.#stops) {
      const at = this.#held.indexOf(stop)
      if (at >= 0 && (first < 0 || at < first)) first = at
    }
    if (first >= 0) {
      this.#stopped = true
      const released = this.#held.slice(0, first)
      this.#taken = this.#held.slice(first)
      this.#held = ''
      return released
    }
    const keep = this.#longestPrefixAtEnd()
    const released = this.#held.slice(0, this.#held.length - keep)
    this.#held = this.#held.slice(this.#held.length - keep)
    return released
  }

  /** What is still held, when the text has ended without a stop string. */
  end(): string {
    const rest = this.#held
    this.#held = ''
    return this.#stopped ? '' : rest
  }

  /** The length of the longest end of the held text that begins a stop string. */
  #longestPrefixAtEnd(): number {
    let longest = 0
    for (const stop of this.#stops)
      for (let length = Math.min(stop.length - 1, this.#held.length); length > longest; length--)
        if (this.#held.endsWith(stop.slice(0, length))) {
          longest = length
          break
        }
    return longest
  }
}
