/** @file A loaded decoder of transformers.js as a `LanguageModel`. */
import { cancelOnBreak } from '../abort/cancel-on-break.ts'
import { mergeSignals } from '../abort/merge-signals.ts'
import type {
  Choice,
  FinishReason,
  GenerateRequest,
  GenerateResult,
  LanguageModel,
  StreamPart,
} from '../capability/language-model.ts'
import type { Tokenizer } from '../capability/tokenizer.ts'
import { checkInteger } from '../check/check-argument.ts'
import { ContextLengthError } from '../errors/context-length-error.ts'
import { InvalidArgumentError } from '../errors/invalid-argument-error.ts'
import { StopFilter } from '../text/stop-filter.ts'
import { generationOptions, refuseUnsupported, renderPrompt } from './generation-request.ts'
import { IncrementalDecoder } from './incremental-decoder.ts'
import { configName, configNumber, type LoadedDecoder, type LoadedPair } from './loaded-objects.ts'
import { TokenQueue } from './token-queue.ts'
import { transformersJsTokenizer } from './transformers-js-tokenizer.ts'

/** What a loaded decoder does not tell about itself. */
export interface TransformersJsLanguageModelOptions {
  /** Prompt plus output in tokens. Defaults to `max_position_embeddings` of the model's configuration. */
  contextLength?: number
  id?: string
}

/**
 * A loaded `text-generation` pipeline of transformers.js (or a tokenizer and a model) as a `LanguageModel`: greedy or
 * with temperature, top-k and a repetition penalty; stop strings; chat by the tokenizer's template. What transformers.js
 * does not have (top-p, seeds, log-probabilities, schemas) is an `UnsupportedCapabilityError`.
 *
 * @throws InvalidArgumentError when the configuration does not tell the context length.
 *
 * @example
 * ```ts
 * import { pipeline } from '@huggingface/transformers'
 * import { transformersJsLanguageModel } from '@lc/model/transformers-js'
 *
 * export async function loadChat(folder: string) {
 *   return transformersJsLanguageModel(await pipeline('text-generation', folder))
 * }
 * ```
 */
export function transformersJsLanguageModel(
  loaded: LoadedPair<LoadedDecoder>,
  options: TransformersJsLanguageModelOptions = {},
): LanguageModel {
  const { config } = loaded.model
  const contextLength = options.contextLength ?? configNumber(config, 'max_position_embeddings', 'n_positions', 'n_ctx')
  if (contextLength === undefined)
    throw new InvalidArgumentError({ argument: 'contextLength', received: undefined, allowed: 'given for this model' })
  checkInteger(contextLength, 'contextLength', { min: 1 })
  return new LoadedLanguageModel(loaded, contextLength, options.id ?? configName(config))
}

class LoadedLanguageModel implements LanguageModel {
  readonly id: string
  readonly contextLength: number
  readonly tokenizer: Tokenizer
  readonly #loaded: LoadedPair<LoadedDecoder>
  readonly #endIds: ReadonlySet<number>
  /** The last generation: the next one waits for it, since a model runs one at a time. */
  #busy: Promise<unknown> = Promise.resolve()

  constructor(loaded: LoadedPair<LoadedDecoder>, contextLength: number, id: string) {
    this.id = id
    this.contextLength = contextLength
    this.#loaded = loaded
    this.tokenizer = transformersJsTokenizer(loaded.tokenizer, { id })
    this.#endIds = endIdsOf(loaded.model)
  }

  async generate(request: GenerateRequest): Promise<GenerateResult> {
    const { n = 1, ...single } = request
    checkInteger(n, 'n', { min: 1 })
    const choices: Choice[] = []
    const usage = { promptTokens: 0, completionTokens: 0 }
    for (let index = 0; index < n; index++) {
      const ids: number[] = []
      let text = ''
      for await (const part of this.stream(single)) {
        if (part.type === 'text-delta') {
          text += part.text
          if (part.id !== undefined) ids.push(part.id)
        } else if (part.type === 'finish') {
          usage.promptTokens = part.usage.promptTokens
          usage.completionTokens += part.usage.completionTokens
          choices.push({ text, ids: Uint32Array.from(ids), finishReason: part.finishReason })
        }
      }
    }
    return { ...choices[0]!, usage, ...(n > 1 ? { choices } : {}) }
  }

  async *stream(request: GenerateRequest): AsyncGenerator<StreamPart, void, undefined> {
    const { signal, timeoutMs } = request
    const merged = mergeSignals({ signals: [signal], timeoutMs, operation: `generation with ${this.id}` })
    try {
      yield* cancelOnBreak(merged.signal, (own) => this.#streamParts(request, own))
    } finally {
      merged.release()
    }
  }

  async *#streamParts(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<StreamPart> {
    refuseUnsupported(request, this.id)
    const promptIds = renderPrompt(request, this.#loaded.tokenizer)
    const room = this.contextLength - promptIds.length
    if (room < 1)
      throw new ContextLengthError({ tokens: promptIds.length + 1, limit: this.contextLength, model: this.id })
    const maxTokens = Math.min(room, checkInteger(request.maxTokens ?? Math.min(room, 1024), 'maxTokens', { min: 1 }))
    const stop = { now: false }
    const queue = new TokenQueue()
    const work = this.#run(request, promptIds, maxTokens, queue, stop, signal)
    try {
      yield* this.#readTokens(request, promptIds.length, maxTokens, queue, signal)
    } finally {
      stop.now = true
      // native work is never left running
      await work
    }
  }

  /** Starts a generation after the one before; never rejects: a failure goes through the queue. */
  #run(
    request: GenerateRequest,
    promptIds: readonly number[],
    maxTokens: number,
    queue: TokenQueue,
    stop: { now: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const work = this.#busy.then(async () => {
      try {
        if (!stop.now && !signal.aborted)
          await this.#loaded.model.generate({
            ...generationOptions(request, promptIds, maxTokens, this.#loaded.tokenizer),
            streamer: queue,
            stopping_criteria: [(sequences: readonly unknown[]) => sequences.map(() => stop.now || signal.aborted)],
          })
        queue.finish()
      } catch (error) {
        queue.finish({ error })
      }
    })
    this.#busy = work
    return work
  }

  async *#readTokens(
    request: GenerateRequest,
    promptTokens: number,
    maxTokens: number,
    queue: TokenQueue,
    signal: AbortSignal,
  ): AsyncGenerator<StreamPart> {
    const decoder = new IncrementalDecoder((ids) => this.tokenizer.decode(ids))
    const filter = new StopFilter(request.stop ?? [])
    let completionTokens = 0
    const finish = (finishReason: FinishReason): StreamPart => ({
      type: 'finish',
      finishReason,
      usage: { promptTokens, completionTokens },
    })
    let reason: FinishReason = 'length'
    while (completionTokens < maxTokens) {
      const id = await queue.next(signal)
      signal.throwIfAborted()
      if (id === undefined || this.#endIds.has(id)) {
        reason = 'stop'
        break
      }
      completionTokens++
      const { text, stopped } = filter.push(decoder.push(id))
      yield { type: 'text-delta', text, id }
      if (stopped) return yield finish('stop')
    }
    const last = filter.push(decoder.flush())
    const rest = last.stopped ? last.text : last.text + filter.flush()
    if (rest !== '') yield { type: 'text-delta', text: rest }
    yield finish(last.stopped ? 'stop' : reason)
  }
}

function endIdsOf(model: LoadedDecoder): Set<number> {
  const of = (config: object | null | undefined): unknown => (config as { eos_token_id?: unknown } | null)?.eos_token_id
  const found = of(model.generation_config) ?? of(model.config)
  return new Set((Array.isArray(found) ? found : [found]).filter((id) => typeof id === 'number'))
}
