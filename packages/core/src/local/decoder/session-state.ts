/** @file What a session is made of, and its single moves: prompts, steps, triggers, actions. Its owner takes care of turns. */
import type { CallOptions, JsonValue } from '@lc/model'
import { seededRandom } from '@lc/model'
import { checkArgument, checkInteger } from '@lc/model/check'
import { InvalidArgumentError } from '@lc/model/errors'
import { applyAction } from '../../cache/apply-action.ts'
import type {
  CacheAction,
  CachePolicy,
  CacheReport,
  CacheTrigger,
  ObservationRequest,
  PolicyRun,
} from '../../cache/cache-policy.ts'
import { chunkTokens, type RunOutputs } from '../../cache/decoder-runner.ts'
import { feedTokens } from '../../cache/feed-tokens.ts'
import type { CacheMark, KvCache } from '../../cache/kv-cache.ts'
import { Observer } from '../../cache/observer.ts'
import { type Removal, removalOf, reportCache } from '../../cache/report-cache.ts'
import { savedArray } from '../../cache/sealed-arrays.ts'
import { type RestoredCache, restoreCache, saveCache } from '../../cache/serialise-cache.ts'
import { PolicyPlanError } from '../../errors/policy-plan-error.ts'
import type { RopeTables } from '../../models/rope/rope-tables.ts'
import { logSumExp } from './log-sum-exp.ts'
import { logitsOfTokens } from './logits-of-tokens.ts'
import { observeAhead } from './observe-ahead.ts'
import { logitsArray, readSavedSession, type SavedSession } from './saved-session.ts'
import type { SessionHost, SessionStateFields } from './session-host.ts'

/** The state of a session. */
export class SessionState {
  readonly host: SessionHost
  readonly policy: CachePolicy
  readonly accuracy: 'exact' | 'fast'
  readonly #fields: SessionStateFields
  readonly #ropes: RopeTables
  readonly #requests: readonly ObservationRequest[]
  #cache: KvCache
  #observer: Observer
  #run: PolicyRun
  #tokens: number[] = []
  #positions = new Map<number, number>()
  #logits: Float32Array | undefined
  #pending: number[] = []
  #steps = 0
  #extraTokens = 0
  #compressions: CacheReport['compressions'][number][] = []
  #removal: Removal | undefined

  constructor(fields: SessionStateFields, origin?: SessionState) {
    const { host, policy, plannedLength } = fields
    this.#fields = fields
    this.host = host
    this.policy = policy
    this.accuracy = fields.accuracy
    const { runner } = host
    if (policy.attention !== undefined && policy.attention !== runner.attention.id)
      throw new PolicyPlanError({
        policy: policy.id,
        missing: `the attention pattern ${policy.attention}; the model was loaded with ${runner.attention.id}`,
      })
    this.#requests = policy.needs(this.#model)
    this.#ropes = runner.ropes.forLength(plannedLength)
    this.#observer = new Observer(this.#observing(this.#requests), origin?.observer)
    this.#cache = origin?.cache.fork() ?? runner.createCache(0, undefined, fields.cache)
    this.#run = origin?.forkRun() ?? this.#startRun()
    if (!origin) return
    this.#tokens = [...origin.tokens]
    this.#positions = new Map(origin.positions)
    this.#logits = origin.logits
    this.#pending = [...origin.pending]
    this.#compressions = [...origin.#compressions]
    this.#removal = origin.#removal
    this.#steps = origin.#steps
    this.#extraTokens = origin.#extraTokens
  }

  get cache(): KvCache {
    return this.#cache
  }

  get observer(): Observer {
    return this.#observer
  }

  get tokens(): readonly number[] {
    return this.#tokens
  }

  get positions(): ReadonlyMap<number, number> {
    return this.#positions
  }

  /** Logits after the last token that went in, if they are known. */
  get logits(): Float32Array | undefined {
    return this.#logits
  }

  /** Generated tokens whose keys are not cached yet. */
  get pending(): readonly number[] {
    return this.#pending
  }

  /** Tokens that still fit the model. */
  get room(): number {
    return this.host.contextLength - this.#cache.nextPosition
  }

  needLogits(): Float32Array {
    if (this.#logits) return this.#logits
    const received = this.#pending.length > 0 ? 'an answer that has ended' : 'an empty session'
    throw new InvalidArgumentError({ argument: 'session', received, allowed: 'one that was given a prompt first' })
  }

  setPending(id: number): void {
    this.#pending = [id]
    this.#logits = undefined
  }

  /** Runs a prompt and gives the logits after it. */
  async prefill(prompt: ArrayLike<number>, options: CallOptions): Promise<Float32Array> {
    const ids = [...this.#pending, ...Array.from(prompt)]
    this.host.checkLength(this.#cache.nextPosition + ids.length)
    if (this.#tokens.length > 0) await this.#trigger('turn-start', ids.length, options)
    this.#pending = []
    const looksWithin = this.policy.triggers.some(({ on }) => on === 'prefill-chunk' || on === 'overflow')
    if (!looksWithin) this.#cache.reserve(this.#cache.length + ids.length)
    for (let start = 0; start < ids.length - 1; ) {
      options.signal?.throwIfAborted()
      const size = chunkTokens[this.host.runner.modeFor(this.#cache)]
      const chunk = ids.slice(start, Math.min(ids.length - 1, start + size))
      await this.#trigger('overflow', chunk.length, options)
      await this.#chunk(chunk, looksWithin ? 0 : ids.length - start - chunk.length, options)
      await this.#trigger('prefill-chunk', chunk.length, options)
      start += chunk.length
      options.onProgress?.({ type: 'progress', operation: 'prefill', done: start, total: ids.length, unit: 'tokens' })
    }
    const logits = await this.#oneToken(ids.at(-1)!, options)
    await this.#trigger('prefill-end', ids.length, options)
    return logits
  }

  /** Runs one more token and gives the logits after it. */
  async step(id: number, options: CallOptions): Promise<Float32Array> {
    for (const earlier of this.#pending.splice(0)) await this.#oneToken(earlier, options)
    this.host.checkLength(this.#cache.nextPosition + 1)
    const logits = await this.#oneToken(id, options)
    this.#steps++
    await this.#trigger('step', 1, options)
    return logits
  }

  /** Whether the policy may change the cache between one generated token and the next. */
  get actsWhileGenerating(): boolean {
    return this.policy.triggers.some(({ on }) => on === 'step' || on === 'overflow')
  }

  /** Whether tokens may come many at a time: the policy, if it acts or looks at all, does so at prompts only. */
  get takesMany(): boolean {
    return this.#requests.length === 0 && !this.actsWhileGenerating
  }

  /** Runs tokens many at a time and gives the logits after each, `[T, V]`; only where `takesMany`. */
  async many(ids: ArrayLike<number>, options: CallOptions): Promise<Float32Array> {
    for (const earlier of this.#pending.splice(0)) await this.#oneToken(earlier, options)
    const { runner, checkLength } = this.host
    const before = this.#cache.nextPosition
    checkLength(before + ids.length)
    const run = { signal: options.signal, accuracy: this.accuracy, cache: this.#cache, ids, ropes: this.#ropes }
    const logits = await logitsOfTokens(runner, run)
    for (let index = 0; index < ids.length; index++) {
      this.#positions.set(before + index, ids[index]!)
      this.#tokens.push(ids[index]!)
    }
    this.#steps += ids.length
    this.#logits = logits.slice(-runner.config.vocabularySize)
    return logits
  }

  async endTurn(options: CallOptions): Promise<void> {
    await this.#trigger('turn-end', 0, options)
  }

  /** Hidden states of all but the last of these tokens as if they came next, and the log-probability of the first. */
  async tryOut(ids: Uint32Array, options: CallOptions): Promise<{ hidden: Float32Array; first: number }> {
    checkArgument(this.#pending.length === 0, 'session', this.#pending, 'one whose last answer was continued or read')
    const logits = this.needLogits()
    const { runner } = this.host
    const cache = this.#cache.fork()
    try {
      const inputs = ids.subarray(0, -1)
      const { accuracy } = this
      const run = { ...options, cache, ids: inputs, accuracy, ropes: this.#ropes, hiddenFrom: 0, keepLast: false }
      const hidden = await feedTokens(runner, { ...run, onProgress: undefined })
      return { hidden, first: logits[ids[0]!]! - logSumExp(logits) }
    } finally {
      cache.close()
    }
  }

  /** Goes back to a mark, or to so many tokens after it, whose logits are then unknown. */
  truncate(
    mark: {
      readonly tokens: number
      readonly cache: CacheMark
      readonly logits: Float32Array | undefined
      readonly pending: readonly number[]
    },
    keep = 0,
  ): void {
    const { lengths, nextPosition, edits } = mark.cache
    this.#cache.truncate({ lengths: lengths.map((length) => length + keep), nextPosition: nextPosition + keep, edits })
    this.#tokens.length = mark.tokens + keep
    for (let position = nextPosition + keep; this.#positions.delete(position); position++);
    this.#observer.truncate(nextPosition + keep)
    this.#logits = keep === 0 ? mark.logits : undefined
    this.#pending = keep === 0 ? [...mark.pending] : []
  }

  fork(): SessionState {
    return new SessionState(this.#fields, this)
  }

  forkRun(): PolicyRun {
    return this.#run.fork?.() ?? this.#run
  }

  /** Takes in what was observed and waits; before slots are changed from outside, and before saving. */
  async settle(): Promise<void> {
    await this.#observer.settle(this.#cache, {})
  }

  apply(actions: readonly CacheAction[]): void {
    const context = { config: this.host.runner.config, plannedLength: this.#fields.plannedLength }
    const { edits } = this.#cache
    try {
      for (const action of actions) applyAction(this.#cache, action, context)
    } catch (error) {
      // half of the actions is worse than none: a cache that was changed cannot be used any more
      if (this.#cache.edits !== edits) this.#cache.close()
      throw error
    }
    this.#removal = removalOf(actions, this.#cache, this.policy.id) ?? this.#removal
  }

  report(): CacheReport {
    return {
      policy: this.policy.id,
      ...reportCache(this.#cache, this.#tokens.length, this.#removal),
      compressions: [...this.#compressions],
      extraTokens: this.#extraTokens,
    }
  }

  save(): Uint8Array {
    const { accuracy, tokens, host } = this
    const { plannedLength } = this.#fields
    const state = this.#run.save?.()
    const session: SavedSession = {
      policy: this.policy.id,
      pending: [...this.#pending],
      positions: [...this.#positions].flat(),
      steps: this.#steps,
      extraTokens: this.#extraTokens,
      compressions: this.#compressions,
      ...(this.#removal && { removal: this.#removal }),
      observer: this.#observer.facts,
      ...(state !== undefined && { state }),
    }
    const logits = this.#logits ? [savedArray(logitsArray, this.#logits)] : []
    const facts = { modelHash: host.modelHash, accuracy, plannedLength, ids: tokens, session: session as never }
    return saveCache(this.#cache, facts, [...logits, ...this.#observer.arrays()])
  }

  /** Puts a saved state in place of this one, which stays as it is where the bytes do not fit. */
  restore(bytes: Uint8Array): void {
    const { runner, modelHash } = this.host
    const layers = runner.config.layers.length
    const restored = restoreCache(bytes, modelHash, (format) => runner.createCache(0, layers, format))
    try {
      this.#takeOver(restored)
    } catch (error) {
      restored.cache.close()
      throw error
    }
  }

  #takeOver({ cache, facts, arrays }: RestoredCache): void {
    const { vocabularySize } = this.host.runner.config
    const { plannedLength } = this.#fields
    const { saved, logits } = readSavedSession(facts, arrays, { policy: this.policy.id, plannedLength, vocabularySize })
    const observer = new Observer(this.#observing(this.#requests))
    observer.restore(saved.observer, arrays)
    const run = this.#startRun(saved.state)
    this.#cache.close()
    this.#cache = cache
    this.#observer = observer
    this.#run = run
    this.#tokens = [...facts.ids]
    this.#pending = [...saved.pending]
    this.#positions = new Map()
    for (let at = 0; at < saved.positions.length; at += 2)
      this.#positions.set(saved.positions[at]!, saved.positions[at + 1]!)
    this.#steps = saved.steps
    this.#extraTokens = saved.extraTokens
    this.#compressions = [...saved.compressions]
    this.#removal = saved.removal
    this.#logits = logits
  }

  close(): void {
    this.#cache.close()
  }

  get #model() {
    const { runner, contextLength } = this.host
    return { config: runner.config, contextLength, encode: (text: string) => this.host.idsOf(text) }
  }

  #startRun(state?: JsonValue): PolicyRun {
    const random = seededRandom(checkInteger(this.#fields.seed, 'seed'))
    return this.policy.start(this.#model, { random, ...(state !== undefined && { state }) })
  }

  #observing(requests: readonly ObservationRequest[]) {
    const { runner, reducer, gaussianQueries } = this.host
    return { policy: this.policy.id, requests, runner, reducer, gaussianQueries, ropes: this.#ropes }
  }

  /** `following`: tokens that come before the policy can look. */
  async #chunk(ids: readonly number[], following: number, options: CallOptions): Promise<void> {
    const { accuracy } = this
    const fetches = this.#observer.fetches(following)
    const before = this.#cache.nextPosition
    const run = { signal: options.signal, cache: this.#cache, ids, accuracy, ropes: this.#ropes, fetches }
    await this.#afterRun(await this.host.runner.runChunk(run), ids, { position: before, following })
  }

  async #oneToken(id: number, options: CallOptions): Promise<Float32Array> {
    options.signal?.throwIfAborted()
    await this.#trigger('overflow', 1, options)
    const { accuracy } = this
    const fetches = this.#requests.length > 0 ? ['logits', ...this.#observer.fetches()] : ['logits']
    const before = this.#cache.nextPosition
    const run = { signal: options.signal, cache: this.#cache, ids: [id], accuracy, ropes: this.#ropes, fetches }
    const outputs = await this.host.runner.runStep(run)
    await this.#afterRun(outputs, [id], { position: before })
    this.#logits = outputs.logits!.data as Float32Array
    return this.#logits
  }

  async #afterRun(
    outputs: RunOutputs,
    ids: readonly number[],
    { position, following = 0 }: { readonly position: number; readonly following?: number },
  ): Promise<void> {
    for (const [index, id] of ids.entries()) this.#positions.set(position + index, id)
    this.#tokens.push(...ids)
    // not stopped half-way: the tokens are in the cache, and what was seen of them must be too
    await this.#observer.afterRun(outputs, this.#cache, { count: ids.length, following }, {})
  }

  /** Lets the policy act where it listens to this trigger now. */
  async #trigger(on: CacheTrigger['on'], count: number, options: CallOptions): Promise<void> {
    if (!this.policy.triggers.some((trigger) => this.#fires(trigger, on, count))) return
    const observations = await this.#observer.collect(this.#cache, options)
    const { gaussianQueries } = this.host
    const before = this.#cache.length
    const actions = await this.#run.act({
      trigger: on,
      cache: this.#cache,
      tokens: this.#positions,
      count,
      observations,
      forward: (ids, requests) => this.#forward(ids, requests, options),
      expectedLogits: (layer, queries) => gaussianQueries.expectedLogits(this.#cache, layer, queries, options),
      signal: options.signal,
    })
    if (actions.length === 0) return
    this.apply(actions)
    this.#compressions.push({ trigger: on, before, after: this.#cache.length })
  }

  #fires(trigger: CacheTrigger, on: CacheTrigger['on'], count: number): boolean {
    if (trigger.on !== on) return false
    if (trigger.on === 'overflow') return this.#cache.length + count > trigger.limit
    return trigger.on !== 'step' || this.#steps % (trigger.every ?? 1) === 0
  }

  /** Runs tokens on a copy for what they see. */
  async #forward(ids: ArrayLike<number>, requests: readonly ObservationRequest[], options: CallOptions) {
    const observer = new Observer(this.#observing(requests))
    const { accuracy } = this
    const all = Array.from(ids)
    const work = { runner: this.host.runner, cache: this.#cache, ids: all, accuracy, ropes: this.#ropes, observer }
    const observations = await observeAhead(work, options)
    this.#extraTokens += all.length
    return observations
  }
}
