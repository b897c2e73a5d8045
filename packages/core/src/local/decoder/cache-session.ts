import type { CallOptions, Choice, TextOrIds, TokenLogprob } from '@lc/model'
import { seededRandom } from '@lc/model'
import { checkArgument, checkInteger } from '@lc/model/check'
import { asyncDispose, DisposeGuard } from '@lc/model/dispose'
import type { CacheAction, CacheReport } from '../../cache/cache-policy.ts'
import type { CacheMark, KvCache } from '../../cache/kv-cache.ts'
import { generateTokens } from '../../generate/generate-tokens.ts'
import { readGenerationSettings } from '../../generate/generation-settings.ts'
import { SerialQueue } from '../../runtime/serial-queue.ts'
import { AnswerText } from './answer-text.ts'
import type { CacheSession, DecodeOptions, SessionMark } from './session-interface.ts'
import type { SessionState } from './session-state.ts'
import { targetLogprobs } from './target-logprobs.ts'

interface OwnMark extends SessionMark {
  readonly cache: CacheMark
  readonly logits: Float32Array | undefined
  readonly pending: readonly number[]
}

/** A session of a local decoder. */
export class LocalCacheSession implements CacheSession {
  #state: SessionState
  /** Calls under way or waiting. */
  #calls = 0
  readonly #queue = new SerialQueue()
  readonly #guard: DisposeGuard

  constructor(state: SessionState) {
    this.#state = state
    this.#guard = new DisposeGuard('the session', () => this.#state.close())
  }

  get policy(): string {
    return this.#state.policy.id
  }

  get accuracy(): 'exact' | 'fast' {
    return this.#state.accuracy
  }

  get cache(): KvCache {
    return this.#state.cache
  }

  get tokens(): readonly number[] {
    return this.#state.tokens
  }

  prefill(input: TextOrIds, options: CallOptions = {}): Promise<Float32Array> {
    return this.#exclusively(async () => {
      const ids = this.#state.host.idsOf(input)
      checkArgument(ids.length > 0, 'input', input, 'at least one token')
      const work = async () => (await this.#state.prefill(ids, options)).slice()
      return this.#state.observer.accumulates ? this.#orCopy(work) : this.#orBack(work)
    })
  }

  append(
    ids: ArrayLike<number>,
    options: CallOptions & { readonly logits?: 'all' | 'last' } = {},
  ): Promise<Float32Array> {
    return this.#exclusively(async () => {
      const checked = this.#state.host.idsOf(ids)
      if (options.logits === 'all' && checked.length > 1 && this.#state.takesMany)
        return this.#orBack(() => this.#state.many(checked, options))
      const rows: Float32Array[] = []
      await this.#orBack(async () => {
        for (const id of checked) {
          const logits = await this.#state.step(id, options)
          if (options.logits === 'all') rows.push(logits.slice())
        }
      })
      if (options.logits !== 'all') return this.#state.needLogits().slice()
      const width = rows[0]?.length ?? 0
      const all = new Float32Array(rows.length * width)
      for (const [row, logits] of rows.entries()) all.set(logits, row * width)
      return all
    })
  }

  decode(options: DecodeOptions = {}): Promise<Choice> {
    return this.#exclusively(async () => {
      const { host } = this.#state
      const settings = readGenerationSettings({ ...options, prompt: '' })
      const answer = new AnswerText({ request: {}, settings, tokenizer: host.tokenizer })
      const tokens = generateTokens({
        prompt: this.#state.tokens,
        settings,
        tokenizer: host.tokenizer,
        endTokens: new Set(host.endTokens),
        limit: Math.min(settings.maxTokens ?? 1024, this.#state.room),
        random: seededRandom(settings.seed ?? Math.floor(Math.random() * 2 ** 32)),
        next: async (id) =>
          id === undefined ? this.#state.needLogits().slice() : (await this.#state.step(id, options)).slice(),
      })
      const choice = await collectAnswer(tokens, answer, (id) => this.#state.setPending(id))
      await this.#state.endTurn(options)
      return choice
    })
  }

  score(continuation: TextOrIds, options: CallOptions = {}): Promise<Float32Array> {
    return this.#exclusively(async () => {
      const ids = this.#state.host.idsOf(continuation)
      if (ids.length === 0) return new Float32Array(0)
      const { hidden, first } = await this.#state.tryOut(ids, options)
      const { runner } = this.#state.host
      const rest = await targetLogprobs(runner, hidden, ids.subarray(1), { ...options, accuracy: this.accuracy })
      const result = new Float32Array(ids.length)
      result[0] = first
      result.set(rest, 1)
      return result
    })
  }

  mark(): SessionMark {
    this.#guard.check()
    return this.#mark()
  }

  truncate(mark: SessionMark, keep = 0): Promise<void> {
    return this.#exclusively(async () => {
      checkArgument('cache' in mark, 'mark', mark, 'a mark of this session')
      const { pending } = mark as OwnMark
      // tokens that were pending came first
      const since = this.tokens.length - mark.tokens - pending.length
      checkInteger(keep, 'keep', { min: 0, max: Math.max(0, since) })
      this.#state.truncate(mark as OwnMark, keep === 0 ? 0 : pending.length + keep)
    })
  }

  fork(): LocalCacheSession {
    this.#guard.check()
    checkArgument(
      this.#calls === 0,
      'session',
      'one at work',
      'one whose calls have ended: fork it before or after them',
    )
    return new LocalCacheSession(this.#state.fork())
  }

  edit(actions: readonly CacheAction[]): Promise<void> {
    return this.#exclusively(async () => {
      await this.#state.settle()
      this.#state.apply(actions)
    })
  }

  report(): CacheReport {
    this.#guard.check()
    return this.#state.report()
  }

  save(): Promise<Uint8Array> {
    return this.#exclusively(async () => {
      await this.#state.settle()
      return this.#state.save()
    })
  }

  restore(bytes: Uint8Array): Promise<void> {
    return this.#exclusively(async () => this.#state.restore(bytes))
  }

  close(): Promise<void> {
    return this.#guard.close()
  }

  [asyncDispose](): Promise<void> {
    return this.close()
  }

  #mark(): OwnMark {
    const { cache, logits, pending, tokens } = this.#state
    return { tokens: tokens.length, cache: cache.mark(), logits, pending: [...pending] }
  }

  /** Takes back what a failure or an abort left half done, unless the policy has changed the cache meanwhile. */
  async #orBack<T>(work: () => Promise<T>): Promise<T> {
    const mark = this.#mark()
    try {
      return await work()
    } catch (error) {
      if (this.#state.cache.edits === mark.cache.edits) this.#state.truncate(mark)
      throw error
    }
  }

  /** Goes back to a copy after a failure: for policies that add up over all tokens, which a mark cannot take back. */
  async #orCopy<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#state.fork()
    try {
      const result = await work()
      before.close()
      return result
    } catch (error) {
      this.#state.close()
      this.#state = before
      throw error
    }
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#calls++
    try {
      return await this.#guard.use(() => this.#state.host.use(() => this.#queue.run(work)))
    } finally {
      this.#calls--
    }
  }
}

/** Tokens to an answer; the last token, whose keys are not cached yet, is told. */
async function collectAnswer(
  tokens: ReturnType<typeof generateTokens>,
  answer: AnswerText,
  setPending: (id: number) => void,
): Promise<Choice> {
  let text = ''
  let reason: 'stop' | 'length' = 'stop'
  let last: number | undefined
  const logprobs: TokenLogprob[] = []
  const take = (parts: Iterable<{ type: string; text?: string; logprob?: TokenLogprob }>): void => {
    for (const part of parts) {
      if (part.type !== 'text-delta') continue
      text += part.text
      if (part.logprob) logprobs.push(part.logprob)
    }
  }
  for (;;) {
    const { value, done } = await tokens.next()
    if (done) {
      reason = value
      break
    }
    last = value.id
    take(answer.push(value))
    if (answer.stopped) break
  }
  // an answer that ended by its end token has all its tokens in the cache
  if (last !== undefined && (reason === 'length' || answer.stopped)) setPending(last)
  take(answer.end(reason))
  return {
    text,
    ids: Uint32Array.from(answer.ids),
    finishReason: reason,
    ...(logprobs.length > 0 && { logprobs: logprobs.slice(0, answer.ids.length) }),
  }
}
