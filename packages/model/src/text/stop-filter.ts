/** What may be passed on of the text so far. */
export interface StopFilterStep {
  text: string
  stopped: boolean
}

/**
 * Passes streamed text on, up to any of the stop strings; text that may turn out to be the start of one is held back
 * until that is decided.
 */
export class StopFilter {
  readonly #stops: readonly string[]
  #held = ''

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '')
  }

  push(text: string): StopFilterStep {
    this.#held += text
    const found = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((at) => at >= 0)
    if (found.length > 0) return { text: this.#held.slice(0, Math.min(...found)), stopped: true }
    const safe = this.#held.length - this.#undecided()
    const passed = this.#held.slice(0, safe)
    this.#held = this.#held.slice(safe)
    return { text: passed, stopped: false }
  }

  /** What was held back, when no more text comes. */
  flush(): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }

  /** How long an end of the held text is the start of a stop string. */
  #undecided(): number {
    let longest = 0
    for (const stop of this.#stops)
      for (let length = Math.min(stop.length - 1, this.#held.length); length > longest; length--)
        if (this.#held.endsWith(stop.slice(0, length))) longest = length
    return longest
  }
}
