import type {
  Accuracy,
  AttendRequest,
  AttendResult,
  CallOptions,
  GenerateRequest,
  GenerateResult,
  PreparedContext,
  PrepareOptions,
  ScoreOptions,
  ScoreRequest,
  ScoreResult,
  StreamPart,
  TextOrIds,
} from '@lc/model'
import { cancelOnBreak, mergeSignals } from '@lc/model/abort'
import { checkArgument, checkOneOf } from '@lc/model/check'
import { asyncDispose, DisposeGuard } from '@lc/model/dispose'
import { ContextLengthError } from '@lc/model/errors'
import { AttentionReducer } from '../../cache/attention-reducer.ts'
import { type CacheFormat, cacheFormats } from '../../cache/cache-format.ts'
import type { CachePolicy } from '../../cache/cache-policy.ts'
import type { DecoderRunner } from '../../cache/decoder-runner.ts'
import { feedTokens } from '../../cache/feed-tokens.ts'
import { GaussianQueryPrograms } from '../../cache/gaussian-queries.ts'
import { fullCache } from '../../cache/plain-policies.ts'
import { restoreCache } from '../../cache/serialise-cache.ts'
import type { ModelFiles } from '../../model-files/model-files.ts'
import type { Device } from '../../runtime/device.ts'
import type { LocalTokenizer } from '../../tokenizer/local-tokenizer.ts'
import { attend, planAttend } from './attend.ts'
import { LocalCacheSession } from './cache-session.ts'
import { constraintFor } from './constraint-for.ts'
import { type GenerateTools, generateAnswers, streamAnswer } from './generate.ts'
import { hiddenStates, rowsOf, tokenLogits } from './inspect.ts'
import type { HiddenRequest, LocalModel, LogitsRequest, ModelNumbers } from './local-model-interface.ts'
import { PrefixPool } from './prefix-pool.ts'
import { LocalPreparedContext, type PreparedContextHost } from './prepared-context.ts'
import { promptIds } from './prompt-ids.ts'
import { scoreRequests } from './score.ts'
import { idsOf } from './score-plan.ts'
import { scoreUnderPolicy } from './score-under-policy.ts'
import type { SessionStateFields } from './session-host.ts'
import type { CacheSession, SessionOptions } from './session-interface.ts'
import { SessionState } from './session-state.ts'
import type { GenerateOptions } from './token-steps.ts'

/** Fields of a local decoder. */
export interface LocalDecoderFields {
  readonly files: ModelFiles
  readonly runner: DecoderRunner
  readonly device: Device
  readonly contextLength: number
  /** Overrides the accuracy of every call that names none. */
  readonly accuracy: Accuracy | undefined
  /** How sessions that name no format, and generation, keep keys and values. */
  readonly cache: CacheFormat
  /** Frees what lies under the model after it. */
  readonly release: () => Promise<void>
}

/** A decoder on this machine. */
export class LocalDecoder implements LocalModel {
  readonly id: string
  readonly weightsHash: string
  readonly contextLength: number
  readonly tokenizer: LocalTokenizer
  readonly #fields: LocalDecoderFields
  readonly #guard: DisposeGuard
  readonly #prefixes = new PrefixPool()
  readonly #host: PreparedContextHost
  readonly #reducer: AttentionReducer
  readonly #gaussianQueries: GaussianQueryPrograms

  constructor(fields: LocalDecoderFields) {
    this.id = fields.files.name
    this.weightsHash = fields.files.hash
    this.contextLength = fields.contextLength
    this.tokenizer = fields.files.tokenizer
    this.#fields = fields
    const { config, attention } = fields.runner
    this.#reducer = new AttentionReducer({ config, attention, device: fields.device })
    this.#gaussianQueries = new GaussianQueryPrograms({ config, device: fields.device })
    this.#guard = new DisposeGuard(`the model ${this.id}`, () => this.#release())
    this.#host = {
      runner: fields.runner,
      modelHash: fields.files.hash,
      idsOf: (input) => idsOf(input, this.tokenizer),
      checkLength: (tokens) => this.#checkLength(tokens),
      use: (work) => this.#guard.use(work),
    }
  }

  get config() {
    return this.#fields.runner.config
  }

  get closed(): boolean {
    return this.#guard.closed
  }

  generate(request: GenerateRequest, options: GenerateOptions = {}): Promise<GenerateResult> {
    return this.#guard.use(async () => {
      const merged = mergeSignals({
        signals: [request.signal],
        timeoutMs: request.timeoutMs,
        operation: 'generating',
      })
      try {
        const accuracy = this.#accuracyOf(request.accuracy, 'fast')
        return await generateAnswers({ ...request, signal: merged.signal }, accuracy, this.#generateTools(options))
      } finally {
        merged.release()
      }
    })
  }

  stream(request: GenerateRequest, options: GenerateOptions = {}): AsyncIterable<StreamPart> {
    return cancelOnBreak(request.signal, (signal) => this.#stream({ ...request, signal }, options))
  }

  promptIds(request: GenerateRequest): Uint32Array {
    this.#guard.check()
    return promptIds(request, this.#fields.files)
  }

  score(requests: readonly ScoreRequest[], options: ScoreOptions = {}): Promise<ScoreResult[]> {
    return this.#guard.use(() => {
      const { tokenizer } = this
      const { policy, ...rest } = options
      const accuracy = this.#accuracyOf(options.accuracy, 'exact')
      const checkLength = (tokens: number) => this.#checkLength(tokens)
      if (policy === undefined)
        return scoreRequests(requests, { runner: this.#fields.runner, tokenizer, checkLength }, { ...rest, accuracy })
      const sessionFor = (plannedLength: number) => this.#sessionUnder(policy, accuracy, plannedLength)
      return scoreUnderPolicy(requests, { tokenizer, checkLength, sessionFor }, { ...rest, accuracy })
    })
  }

  prepare(context: TextOrIds | Uint8Array, options: PrepareOptions = {}): Promise<PreparedContext> {
    return this.#guard.use(async () => {
      options.signal?.throwIfAborted()
      const { runner, files } = this.#fields
      const host = this.#host
      if (context instanceof Uint8Array) {
        const layers = runner.config.layers.length
        const restored = restoreCache(context, files.hash, (format) => runner.createCache(0, layers, format))
        const { ids, accuracy, plannedLength } = restored.facts
        return new LocalPreparedContext({ host, cache: restored.cache, ids, accuracy, plannedLength })
      }
      const ids = idsOf(context, this.tokenizer)
      this.#checkLength(ids.length)
      const accuracy = this.#accuracyOf(options.accuracy, 'exact')
      const cache = runner.createCache()
      // frequencies that depend on the length are chosen now: the keys that follow must fit
      const plannedLength = ids.length
      try {
        await feedTokens(runner, { ...options, cache, ids, accuracy, ropes: runner.ropes.forLength(plannedLength) })
      } catch (error) {
        cache.close()
        throw error
      }
      return new LocalPreparedContext({ host, cache, ids: [...ids], accuracy, plannedLength })
    })
  }

  attend(request: AttendRequest, options: CallOptions = {}): Promise<AttendResult> {
    return this.#guard.use(async () => {
      options.signal?.throwIfAborted()
      const { runner } = this.#fields
      const { input } = request
      const prepared = input instanceof LocalPreparedContext ? input : undefined
      const ids = prepared ? prepared.ids : idsOf(input as TextOrIds, this.tokenizer)
      this.#checkLength(ids.length)
      const plan = planAttend(request, ids.length, runner.config.layers.length)
      const ropes = runner.ropes.forLength(prepared?.plannedLength ?? ids.length)
      const work = { runner, reducer: this.#reducer, ids, ropes }
      if (prepared) {
        const cached = plan.queries.from
        return prepared.withCopy(ids.length - cached, (cache) => attend(plan, { ...work, cache, cached }, options))
      }
      const cache = runner.createCache(plan.queries.to, plan.depth)
      try {
        return await attend(plan, { ...work, cache, cached: 0 }, options)
      } finally {
        cache.close()
      }
    })
  }

  session(options: SessionOptions = {}): CacheSession {
    this.#guard.check()
    const { policy = fullCache, seed = 0, plannedLength = this.contextLength } = options
    const accuracy = this.#accuracyOf(options.accuracy, 'fast')
    const cache = checkOneOf(options.cache ?? this.#fields.cache, 'cache', cacheFormats)
    return new LocalCacheSession(this.#sessionState({ policy, seed, plannedLength, accuracy, cache }))
  }

  hidden(request: HiddenRequest, options: CallOptions = {}): Promise<ModelNumbers> {
    return this.#guard.use(async () => {
      const ids = this.#inputIds(request.input)
      const { runner } = this.#fields
      const layers = request.layers ?? [runner.config.layers.length]
      const rows = rowsOf(request.rows ?? { from: 0, to: ids.length }, ids.length)
      return hiddenStates(runner, ids, { layers, rows }, options)
    })
  }

  logits(request: LogitsRequest, options: CallOptions = {}): Promise<ModelNumbers> {
    return this.#guard.use(async () => {
      const ids = this.#inputIds(request.input)
      const rows = rowsOf(request.rows ?? { from: ids.length - 1, to: ids.length }, ids.length)
      return tokenLogits(this.#fields.runner, ids, rows, options)
    })
  }

  close(): Promise<void> {
    return this.#guard.close()
  }

  [asyncDispose](): Promise<void> {
    return this.close()
  }

  async *#stream(request: GenerateRequest, options: GenerateOptions): AsyncGenerator<StreamPart, void, undefined> {
    const handle = this.#guard.hold()
    const merged = mergeSignals({ signals: [request.signal], timeoutMs: request.timeoutMs, operation: 'generating' })
    try {
      const accuracy = this.#accuracyOf(request.accuracy, 'fast')
      yield* streamAnswer({ ...request, signal: merged.signal }, accuracy, this.#generateTools(options))
    } finally {
      merged.release()
      handle.release()
    }
  }

  #sessionState(fields: Omit<SessionStateFields, 'host'>): SessionState {
    const host = {
      ...this.#host,
      reducer: this.#reducer,
      gaussianQueries: this.#gaussianQueries,
      tokenizer: this.tokenizer,
      endTokens: this.#fields.files.endTokens,
      contextLength: this.contextLength,
    }
    return new SessionState({ ...fields, host })
  }

  #generateTools(options: GenerateOptions): GenerateTools {
    const { runner, files, contextLength, cache } = this.#fields
    return {
      ...options,
      runner,
      files,
      contextLength,
      cache,
      prefixes: this.#prefixes,
      constraintFor: (request) => constraintFor(request, this.id),
      sessionFor: (policy, accuracy, plannedLength) => this.#sessionUnder(policy, accuracy, plannedLength),
    }
  }

  /** A session for one request, whose policy may be anything. */
  #sessionUnder(policy: unknown, accuracy: Accuracy, plannedLength: number): SessionState {
    const fits = typeof policy === 'object' && policy !== null && 'start' in policy && 'triggers' in policy
    const allowed = 'a CachePolicy of @lc/core; withCachePolicy of @lc/kv also takes names'
    checkArgument(fits, 'policy', policy, allowed)
    const { cache } = this.#fields
    return this.#sessionState({ policy: policy as unknown as CachePolicy, seed: 0, accuracy, plannedLength, cache })
  }

  #accuracyOf(given: Accuracy | undefined, fallback: Accuracy): Accuracy {
    return given ?? this.#fields.accuracy ?? fallback
  }

  #inputIds(input: TextOrIds): Uint32Array {
    const ids = idsOf(input, this.tokenizer)
    checkArgument(ids.length > 0, 'input', input, 'at least one token')
    this.#checkLength(ids.length)
    return ids
  }

  #checkLength(tokens: number): void {
    if (tokens > this.contextLength) throw new ContextLengthError({ tokens, limit: this.contextLength, model: this.id })
  }

  async #release(): Promise<void> {
    this.#prefixes.close()
    await this.#reducer.close()
    await this.#gaussianQueries.close()
    await this.#fields.runner.programs.close()
    await this.#fields.files.close()
    await this.#fields.release()
  }
}
