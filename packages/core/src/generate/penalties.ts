/** Factors against repetition. */
export interface PenaltySettings {
  /** Divides positive and multiplies negative logits of tokens that occurred in prompt or output; 1 is off (Keskar et al. 2019). */
  readonly repetition: number
  /** Subtracted for each occurrence in the output. */
  readonly frequency: number
  /** Subtracted once for tokens in the output. */
  readonly presence: number
}

/** Counts tokens as they come and changes logits in place. */
export class Penalties {
  readonly #settings: PenaltySettings
  readonly #seen: Set<number>
  readonly #counts = new Map<number, number>()

  constructor(settings: PenaltySettings, prompt: Iterable<number>) {
    this.#settings = settings
    this.#seen = new Set(settings.repetition === 1 ? [] : prompt)
  }

  add(id: number): void {
    this.#seen.add(id)
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
  }

  apply(logits: Float32Array): void {
    const { repetition, frequency, presence } = this.#settings
    if (repetition !== 1)
      for (const id of this.#seen) {
        const value = logits[id]!
        logits[id] = value < 0 ? value * repetition : value / repetition
      }
    if (frequency === 0 && presence === 0) return
    for (const [id, count] of this.#counts) logits[id] = logits[id]! - frequency * count - presence
  }
}
