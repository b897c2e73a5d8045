/** @file Any model of the AI SDK as a `LanguageModel`. */
import { cancelOnBreak } from '../abort/cancel-on-break.ts'
import { mergeSignals } from '../abort/merge-signals.ts'
import { withAbort } from '../abort/with-abort.ts'
import { estimateTokenizer } from '../budget/estimate-tokenizer.ts'
import type { GenerateRequest, GenerateResult, LanguageModel, StreamPart } from '../capability/language-model.ts'
import type { Tokenizer } from '../capability/tokenizer.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'
import { ApiCallError } from '../errors/api-call-error.ts'
import { type RetryPolicy, retryDefaults } from '../http/retry-policy.ts'
import { toCallError } from './call-error.ts'
import { callWithRetry } from './call-with-retry.ts'
import { checkSpecification } from './check-specification.ts'
import { heedWarnings, readFinishReason, readToolCall, readUsage } from './from-answer.ts'
import type { AiSdkGenerateResult, AiSdkLanguageModel, AiSdkStreamPart, AiSdkWarning } from './model-specification.ts'
import { toCall } from './to-call.ts'

/** What a model of the AI SDK does not tell about itself, and how it is called. */
export interface FromAiSdkOptions {
  /**
   * Prompt plus output in tokens; models of the AI SDK do not tell it. Defaults to `Infinity`: not known, nothing is
   * checked.
   */
  contextLength?: number
  /** Defaults to `estimateTokenizer()`. */
  tokenizer?: Tokenizer
  /** Defaults to `provider/modelId`. */
  id?: string
  /** How calls that fail for a passing reason are repeated; see `RetryPolicy` for the defaults. */
  retry?: Partial<RetryPolicy>
  /** Milliseconds per call. Defaults to 600,000. */
  timeoutMs?: number
  /**
   * Takes the warnings of the model. Without it, a setting that the model does not follow is an
   * `UnsupportedCapabilityError`.
   */
  onWarning?: (warning: AiSdkWarning) => void
  /**
   * Whether the model continues a trailing assistant message, which `continueFinalMessage` needs; it depends on the
   * provider. Defaults to `'unsupported'`.
   */
  finalMessage?: 'continued' | 'unsupported'
  /** Passed to the provider with each call, by provider name. */
  providerOptions?: NonNullable<Parameters<AiSdkLanguageModel['doGenerate']>[0]['providerOptions']>
  /** Passed to the provider with each call. */
  headers?: Record<string, string | undefined>
}

/**
 * Any language model of the AI SDK (specification v2, v3 or v4) as a `LanguageModel`. It takes messages, not raw
 * prompts; what the AI SDK has no field for (log-probabilities, min-p, cache policies) is an
 * `UnsupportedCapabilityError`. Reasoning and sources in answers are left out.
 *
 * @throws InvalidArgumentError for an object of another specification.
 *
 * @example
 * ```ts
 * import type { LanguageModelV3 } from '@ai-sdk/provider'
 * import { fromAiSdk } from '@lc/model/ai-sdk'
 *
 * export async function ask(model: LanguageModelV3, question: string): Promise<string> {
 *   const { text } = await fromAiSdk(model).generate({ messages: [{ role: 'user', content: question }] })
 *   return text
 * }
 * ```
 */
export function fromAiSdk(model: AiSdkLanguageModel, options: FromAiSdkOptions = {}): LanguageModel {
  checkSpecification(model, 'doGenerate')
  const { contextLength = Number.POSITIVE_INFINITY, tokenizer = estimateTokenizer() } = options
  checkArgument(contextLength > 0, 'contextLength', contextLength, 'a positive number of tokens')
  return new BridgedModel(model, { ...options, contextLength, tokenizer })
}

type Resolved = FromAiSdkOptions & { contextLength: number; tokenizer: Tokenizer }

class BridgedModel implements LanguageModel {
  readonly id: string
  readonly contextLength: number
  readonly tokenizer: Tokenizer
  readonly #model: AiSdkLanguageModel
  readonly #options: Resolved
  readonly #policy: RetryPolicy

  constructor(model: AiSdkLanguageModel, options: Resolved) {
    this.#model = model
    this.#options = options
    this.#policy = { ...retryDefaults, ...options.retry }
    this.id = options.id ?? `${model.provider}/${model.modelId}`
    this.contextLength = options.contextLength
    this.tokenizer = options.tokenizer
  }

  async generate(request: GenerateRequest): Promise<GenerateResult> {
    const { n = 1, ...single } = request
    checkInteger(n, 'n', { min: 1 })
    if (n === 1) return this.#generateOne(single)
    const choices = await Promise.all(
      Array.from({ length: n }, (_, index) =>
        this.#generateOne({ ...single, ...(single.seed === undefined ? {} : { seed: single.seed + index }) }),
      ),
    )
    const first = choices[0]!
    const completionTokens = choices.reduce((sum, choice) => sum + choice.usage.completionTokens, 0)
    return { ...first, usage: { ...first.usage, completionTokens }, choices }
  }

  async #generateOne(request: GenerateRequest): Promise<GenerateResult> {
    const merged = this.#deadline(request)
    try {
      const call = toCall(request, { model: this.id, ...this.#options, signal: merged.signal })
      const answer = await callWithRetry(() => withAbort(this.#model.doGenerate(call), merged.signal), {
        model: this.id,
        policy: this.#policy,
        signal: merged.signal,
      })
      heedWarnings(answer.warnings, this.id, this.#options.onWarning)
      return this.#readResult(request, answer)
    } finally {
      merged.release()
    }
  }

  async *stream(request: GenerateRequest): AsyncGenerator<StreamPart, void, undefined> {
    checkInteger(request.n ?? 1, 'n of a stream', { min: 1, max: 1 })
    const merged = this.#deadline(request)
    try {
      yield* cancelOnBreak(merged.signal, (signal) => this.#streamParts(request, signal))
    } finally {
      merged.release()
    }
  }

  async *#streamParts(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<StreamPart> {
    const call = toCall(request, { model: this.id, ...this.#options, signal })
    const { stream } = await callWithRetry(() => withAbort(this.#model.doStream(call), signal), {
      model: this.id,
      policy: this.#policy,
      signal,
    })
    const reader = stream.getReader()
    let text = ''
    try {
      for (;;) {
        const { value: part, done } = await withAbort(reader.read(), signal)
        if (done) break
        if (part.type === 'text-delta' && part.delta) text += part.delta
        const read = this.#readPart(part, request, text)
        if (read) yield read
        if (read?.type === 'finish') return
      }
    } catch (error) {
      signal.throwIfAborted()
      throw toCallError(error, this.id)
    } finally {
      // a provider may fail again when it is cancelled: the stream is over either way
      await reader.cancel().catch(() => {})
    }
    throw new ApiCallError({ endpoint: this.id, retryable: true, problem: 'the stream ended without a finish' })
  }

  #readPart(part: AiSdkStreamPart, request: GenerateRequest, text: string): StreamPart | undefined {
    switch (part.type) {
      case 'stream-start':
        heedWarnings(part.warnings, this.id, this.#options.onWarning)
        return undefined
      case 'text-delta':
        return part.delta ? { type: 'text-delta', text: part.delta } : undefined
      case 'tool-call':
        return { type: 'tool-call', toolCall: readToolCall(part) }
      case 'error':
        throw part.error
      case 'finish':
        return {
          type: 'finish',
          finishReason: readFinishReason(part.finishReason),
          usage: readUsage(part.usage, this.#counter(request, text)),
        }
      default:
        return undefined
    }
  }

  #readResult(request: GenerateRequest, answer: AiSdkGenerateResult): GenerateResult {
    const joined = answer.content.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('')
    const text = request.responseSchema === undefined ? joined : (answer.structuredOutputText ?? joined)
    const toolCalls = answer.content.filter((part) => part.type === 'tool-call').map(readToolCall)
    return {
      text,
      ...(toolCalls.length > 0 ? { toolCalls } : {}),
      finishReason: readFinishReason(answer.finishReason),
      usage: readUsage(answer.usage, this.#counter(request, text)),
    }
  }

  #counter(request: GenerateRequest, text: string): { prompt(): number; completion(): number } {
    const prompt = (request.messages ?? []).map((message) => message.content).join('\n')
    return { prompt: () => this.tokenizer.count(prompt), completion: () => this.tokenizer.count(text) }
  }

  #deadline(request: GenerateRequest): ReturnType<typeof mergeSignals> {
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs ?? 600_000
    return mergeSignals({ signals: [request.signal], timeoutMs, operation: `the call of ${this.id}` })
  }
}
