import type { SessionMark, TokenSteps } from '@lc/core'
import { speculativeSampling } from './accept-rules.ts'
import { distributionOf, isGreedy } from './distributions.ts'
import { nextDraftLength } from './draft-length.ts'
import type { Draft, Drafter, DraftRun, DraftStart } from './drafter.ts'

/** How speculation went. */
export interface SpeculationReport {
  readonly drafter: string
  /** Tokens drafted, and those of them that the answer has. */
  readonly drafted: number
  readonly accepted: number
  /** Runs of the model after the prompt; without drafts each token but the last takes one. */
  readonly passes: number
}

/** A run of the model over a token and drafted ones behind it. */
interface Pass {
  readonly mark: SessionMark
  readonly draft: Draft
  /** Logits after the token and after each drafted one. */
  readonly rows: readonly Float32Array[]
  /** Drafted tokens that turned out right. */
  accepted: number
}

/**
 * Steps that verify: a drafter guesses tokens, one run of the model gives the logits after all of them, and as long as the tokens that
 * come are those guessed, their logits are there already. What was guessed wrong is taken out of the cache again.
 */
export class SpeculativeSteps implements TokenSteps {
  readonly #start: DraftStart
  readonly #drafter: Drafter
  readonly #run: DraftRun
  readonly #answer: number[] = []
  #pass: Pass | undefined
  #length: number
  #drafted = 0
  #accepted = 0
  #passes = 0

  constructor(start: DraftStart, drafter: Drafter, run: DraftRun) {
    this.#start = start
    this.#drafter = drafter
    this.#run = run
    this.#length = drafter.schedule === 'constant' ? drafter.most : Math.min(drafter.most, 4)
  }

  get report(): SpeculationReport {
    const accepted = this.#accepted + (this.#pass?.accepted ?? 0)
    return { drafter: this.#drafter.id, drafted: this.#drafted, accepted, passes: this.#passes }
  }

  async next(id?: number): Promise<Float32Array> {
    if (id === undefined) return this.#afterPrompt()
    this.#answer.push(id)
    const pass = this.#pass
    if (pass && id === pass.draft.ids[pass.accepted]) {
      pass.accepted++
      return pass.rows[pass.accepted]!
    }
    await this.#settle()
    return this.#verify(id)
  }

  choose(logits: Float32Array, random: () => number): number | undefined {
    const at = this.#pass?.accepted ?? 0
    const id = this.#pass?.draft.ids[at]
    const draft = this.#pass?.draft.distributions?.[at]
    // a guess is accepted where the sampler draws it: with the target's own probability
    if (id === undefined || draft === undefined) return undefined
    const { sampler } = this.#start
    const { rule = speculativeSampling } = this.#drafter
    const greedy = isGreedy(sampler)
    return rule({ target: distributionOf(logits, sampler), draft, id, greedy, random })
  }

  async close(): Promise<void> {
    await this.#run.close()
    await this.#start.target.close()
  }

  async #afterPrompt(): Promise<Float32Array> {
    const { target, prompt, signal, onProgress } = this.#start
    return this.#run.promptLogits ?? target.prefill(prompt, { signal, onProgress })
  }

  async #verify(id: number): Promise<Float32Array> {
    const { target, limit, signal } = this.#start
    // the last token is drawn from logits and needs none after it
    const most = Math.min(this.#length, limit - this.#answer.length - 1)
    const draft = most > 0 ? await this.#run.draft(this.#answer, most) : { ids: [] }
    const mark = target.mark()
    const logits = await target.append([id, ...draft.ids], { logits: 'all', signal })
    this.#passes++
    this.#drafted += draft.ids.length
    const width = logits.length / (draft.ids.length + 1)
    const rows = Array.from({ length: draft.ids.length + 1 }, (_, row) =>
      logits.subarray(row * width, (row + 1) * width),
    )
    this.#pass = { mark, draft, rows, accepted: 0 }
    return rows[0]!
  }

  /** Takes what was guessed wrong out of the cache. */
  async #settle(): Promise<void> {
    const pass = this.#pass
    if (!pass) return
    const drafted = pass.draft.ids.length
    if (pass.accepted < drafted) await this.#start.target.truncate(pass.mark, 1 + pass.accepted)
    const { most, schedule } = this.#drafter
    if (schedule === 'adaptive' && drafted > 0)
      this.#length = nextDraftLength({ length: this.#length, drafted, accepted: pass.accepted, most })
    this.#accepted += pass.accepted
    this.#pass = undefined
  }
}
