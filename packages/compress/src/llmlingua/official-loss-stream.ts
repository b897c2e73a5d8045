/** @file Losses of a text that grows shorter while it is read: what was kept is read again before each window. */
import type { PreparedContext, ScoreRequest } from '@lc/model'
import type { ResolvedOfficialOptions } from './official-options.ts'

/** One reading of the text: with or without the question before it. */
export class LossStream {
  /** What is left of the text, with all that was not looked at yet. */
  ids: number[]
  /** `losses[i]` is the surprise of token `i + 1`. */
  losses: number[] = []
  readonly #options: ResolvedOfficialOptions
  /** Tokens whose cache is kept. */
  #past = 0
  #ready = 0
  #prepared: PreparedContext | undefined

  constructor(ids: readonly number[], options: ResolvedOfficialOptions) {
    this.ids = [...ids]
    this.#options = options
  }

  /** Reads on to `end`, in the first window to the end of the text. Returns how many losses it got. */
  async read(window: number, end: number): Promise<number> {
    const to = window === 0 ? this.ids.length : end
    const fresh = await this.#score(this.#past, to)
    if (window === 0) this.losses = fresh
    else {
      while (this.losses.length < end - 1) this.losses.push(0)
      fresh.forEach((loss, at) => {
        this.losses[this.#ready + at] = loss
      })
    }
    return fresh.length
  }

  /** Fixes what stands before the window. Nothing is kept of the first reading, which saw all of the text. */
  async settle(window: number, place: number, afterQuestion: boolean): Promise<void> {
    this.#ready = afterQuestion && window === 0 ? 0 : Math.max(0, place)
    if (window === 0) return
    const addition = this.ids.slice(this.#past, Math.max(this.#past, place))
    this.#past += addition.length
    const { scorer, signal } = this.#options
    if (!scorer.prepare || addition.length === 0) return
    if (this.#prepared) await this.#prepared.extend(addition, { signal })
    else this.#prepared = await scorer.prepare(addition, { accuracy: 'exact', signal })
  }

  async close(): Promise<void> {
    await this.#prepared?.close()
  }

  /** Losses of the tokens after `from`. */
  async #score(from: number, to: number): Promise<number[]> {
    if (to - from < 2) return []
    const { scorer, signal, onProgress } = this.#options
    // of the first token only what follows it is asked for
    const request: ScoreRequest =
      this.#prepared && from > 0
        ? { context: this.#prepared, continuation: this.ids.slice(from, to), join: 'ids' }
        : { context: this.ids.slice(0, from + 1), continuation: this.ids.slice(from + 1, to), join: 'ids' }
    const [result] = await scorer.score([request], { accuracy: 'exact', signal, onProgress })
    const losses = Array.from(result!.logprobs, (logprob) => -logprob)
    return this.#prepared && from > 0 ? losses.slice(1) : losses
  }
}
