import type { CallOptions, Choice, GenerateRequest, TextOrIds } from '@lc/model'
import type { CacheFormat } from '../../cache/cache-format.ts'
import type { CacheAction, CachePolicy, CacheReport } from '../../cache/cache-policy.ts'
import type { KvCache } from '../../cache/kv-cache.ts'

/** Options of `LocalModel.session`. */
export interface SessionOptions {
  /** Defaults to `fullCache`. */
  readonly policy?: CachePolicy
  /** How keys and values are kept; see `CacheFormat`. Defaults to the model's. */
  readonly cache?: CacheFormat
  /** Defaults to the model's, otherwise `'fast'`. */
  readonly accuracy?: 'exact' | 'fast'
  /** Seeds what a policy draws. Defaults to 0. */
  readonly seed?: number
  /** The length in tokens that rotary frequencies are chosen for, where they depend on it. Defaults to the context length. */
  readonly plannedLength?: number
}

/** How an answer is drawn; see `GenerateRequest`. */
export type DecodeOptions = Pick<
  GenerateRequest,
  | 'maxTokens'
  | 'temperature'
  | 'topK'
  | 'topP'
  | 'minP'
  | 'repetitionPenalty'
  | 'frequencyPenalty'
  | 'presencePenalty'
  | 'stop'
  | 'seed'
  | 'logprobs'
> &
  CallOptions

/** A point of a session to come back to. */
export interface SessionMark {
  readonly tokens: number
}

/**
 * One text on one cache, under a policy. One piece of work after the other: calls side by side wait their turn. Holds memory: close it.
 */
export interface CacheSession extends AsyncDisposable {
  readonly policy: string
  readonly accuracy: 'exact' | 'fast'
  /** The cache, to read. */
  readonly cache: KvCache
  /** Token ids that went in, in order, also those whose slots are gone. */
  readonly tokens: readonly number[]
  /**
   * Runs a prompt (text is tokenised without added tokens); gives the logits after its last token, `[V]`. An abort takes back what it
   * left half done, unless the policy has changed the cache meanwhile.
   */
  prefill(input: TextOrIds, options?: CallOptions): Promise<Float32Array>
  /** Generates from where the session stands. The last token of an answer goes into the cache with what comes next. */
  decode(options?: DecodeOptions): Promise<Choice>
  /**
   * Runs tokens, and gives the logits after each, `[T, V]`, or after the last, `[V]`. Triggers are those of steps. With logits of all,
   * and a policy that has nothing to do at steps, tokens run many at a time: up to 32 in the forms of steps, with their logits up to
   * rounding; more in the forms of prompts.
   */
  append(ids: ArrayLike<number>, options?: CallOptions & { readonly logits?: 'all' | 'last' }): Promise<Float32Array>
  /** Log-probabilities of tokens that might come next; the session stays as it is. */
  score(continuation: TextOrIds, options?: CallOptions): Promise<Float32Array>
  mark(): SessionMark
  /**
   * Goes back to a mark, or to `keep` tokens after it (default 0).
   *
   * @throws InvalidArgumentError where slots from before it were removed or changed since, or fewer tokens came since
   */
  truncate(mark: SessionMark, keep?: number): Promise<void>
  /**
   * An independent session: keys and values are shared until either writes, then copied layer by layer.
   *
   * @throws InvalidArgumentError while a call of this session is under way
   */
  fork(): CacheSession
  /** Changes the cache by hand. Where an action cannot be carried out after others were, the cache is closed: half of them is no state. */
  edit(actions: readonly CacheAction[]): Promise<void>
  report(): CacheReport
  /** Bytes that `restore` takes: the cache, what the policy observed and its state, under a checksum. */
  save(): Promise<Uint8Array>
  /**
   * Puts a saved state in place of this one, which stays as it is where that fails.
   *
   * @throws FileFormatError for bytes that are no session, were changed or shortened, or come from another model; InvalidArgumentError
   * for those of another policy or planned length
   */
  restore(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}
