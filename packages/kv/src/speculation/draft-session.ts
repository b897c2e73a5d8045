import type { CacheSession, LocalModel, SessionMark } from '@lc/core'
import { type SamplerSettings, sampleToken } from '@lc/core/generate'
import type { Accuracy, CallOptions } from '@lc/model'
import { distributionOf, isGreedy, probabilityOf } from './distributions.ts'
import type { Draft } from './drafter.ts'

/** How a session drafts. */
export interface DraftSettings extends CallOptions {
  readonly sampler: SamplerSettings
  readonly random: () => number
  /** Drafting ends at a token less probable than this, which is still drafted. */
  readonly confidence: number
  /** Whether the distributions that tokens were drawn from are given even where the sampler is greedy. */
  readonly distributions: boolean
}

/** How a draft session is opened. */
export interface DraftSessionStart extends Omit<DraftSettings, 'onProgress'> {
  readonly accuracy: Accuracy
  readonly prompt: Uint32Array
  /** The most tokens that the answer may have. */
  readonly limit: number
  /** The temperature of the drafter, where the answer is not greedy. Defaults to the sampler's. */
  readonly temperature: number | undefined
}

/** Reads the prompt with a drafter; what it reads is closed if that fails. */
export async function openDraftSession(drafter: LocalModel, start: DraftSessionStart): Promise<DraftSession> {
  const { accuracy, prompt, limit, temperature, ...settings } = start
  const { sampler, signal } = settings
  const session = drafter.session({ accuracy, plannedLength: prompt.length + limit })
  try {
    await session.prefill(prompt, { signal })
  } catch (error) {
    await session.close()
    throw error
  }
  const drawing = temperature === undefined || isGreedy(sampler) ? sampler : { ...sampler, temperature }
  return new DraftSession(session, { ...settings, sampler: drawing })
}

/** A session that follows an answer and goes on from it. Its prompt may be another than that of the answer's model. */
export class DraftSession {
  readonly #session: CacheSession
  readonly #settings: DraftSettings
  readonly #prompt: SessionMark
  /** Tokens behind the prompt that the cache holds. */
  #held: number[] = []

  /** A session that has read its prompt. */
  constructor(session: CacheSession, settings: DraftSettings) {
    this.#session = session
    this.#settings = settings
    this.#prompt = session.mark()
  }

  async draft(answer: readonly number[], most: number): Promise<Draft> {
    let logits = await this.#follow(answer)
    const { sampler, random, signal, confidence } = this.#settings
    const greedy = isGreedy(sampler)
    const wanted = !greedy || this.#settings.distributions
    const ids: number[] = []
    const distributions: Float64Array[] = []
    for (;;) {
      const distribution = wanted ? distributionOf(logits, sampler) : undefined
      const id = sampleToken(logits, sampler, random)
      ids.push(id)
      if (wanted) distributions.push(distribution!)
      if (ids.length === most || confidence > (distribution?.[id] ?? probabilityOf(logits, id))) break
      logits = await this.#session.append([id], { signal })
      this.#held.push(id)
    }
    return wanted ? { ids, distributions } : { ids }
  }

  close(): Promise<void> {
    return this.#session.close()
  }

  /** Brings the cache to the answer so far; gives the logits after it. */
  async #follow(answer: readonly number[]): Promise<Float32Array> {
    let same = 0
    while (same < this.#held.length && same < answer.length - 1 && this.#held[same] === answer[same]) same++
    const { signal } = this.#settings
    if (same < this.#held.length) await this.#session.truncate(this.#prompt, same)
    this.#held.length = same
    const missing = answer.slice(same)
    const rows = await this.#session.append(missing, { logits: missing.length > 1 ? 'all' : 'last', signal })
    this.#held.push(...missing)
    return missing.length > 1 ? rows.subarray(-rows.length / missing.length) : rows
  }
}
