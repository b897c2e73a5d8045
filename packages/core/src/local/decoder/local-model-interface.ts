import type {
  Attender,
  CallOptions,
  GenerateRequest,
  GenerateResult,
  LanguageModel,
  Scorer,
  StreamPart,
  TextOrIds,
  TokenRange,
} from '@lc/model'
import type { DecoderConfig } from '../../models/decoder/decoder-config.ts'
import type { LocalTokenizer } from '../../tokenizer/local-tokenizer.ts'
import type { CacheSession, SessionOptions } from './session-interface.ts'
import type { GenerateOptions } from './token-steps.ts'

/** Which hidden states are wanted. */
export interface HiddenRequest {
  readonly input: TextOrIds
  /** 0 is the embedded tokens, l what layer l - 1 gave, the number of layers what the final norm gave. Defaults to the last. */
  readonly layers?: readonly number[]
  /** Tokens; all by default. */
  readonly rows?: TokenRange
}

/** Which logits are wanted. */
export interface LogitsRequest {
  readonly input: TextOrIds
  /** Tokens after which the next one is predicted; the last by default. */
  readonly rows?: TokenRange
}

/** Numbers of a model. */
export interface ModelNumbers {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** A decoder on this machine, open to the inside. Holds native memory: close it. */
export interface LocalModel extends LanguageModel, Scorer, Attender, AsyncDisposable {
  readonly id: string
  readonly contextLength: number
  readonly tokenizer: LocalTokenizer
  /** Sizes and settings of the model. */
  readonly config: DecoderConfig
  generate(request: GenerateRequest, options?: GenerateOptions): Promise<GenerateResult>
  stream(request: GenerateRequest, options?: GenerateOptions): AsyncIterable<StreamPart>
  /** Token ids of what a request asks to continue: its prompt, or its messages in the model's template. */
  promptIds(request: GenerateRequest): Uint32Array
  /**
   * A text on a cache of its own, under a policy.
   *
   * @throws PolicyPlanError where the policy asks for what this model, as it was loaded, cannot give.
   */
  session(options?: SessionOptions): CacheSession
  /** Hidden states `[layers, rows, E]`, exact. */
  hidden(request: HiddenRequest, options?: CallOptions): Promise<ModelNumbers>
  /** Logits `[rows, V]`, exact. */
  logits(request: LogitsRequest, options?: CallOptions): Promise<ModelNumbers>
  /** Waits for work in flight, then frees everything. Idempotent. */
  close(): Promise<void>
}
