/** @file A `LanguageModel` as a model of the AI SDK. */
import type { GenerateRequest, LanguageModel, StreamPart } from '../capability/language-model.ts'
import { checkOneOf } from '../check/check-argument.ts'
import { isLcError } from '../errors/lc-error.ts'
import type { AiSdkCallOptions, AiSdkModelOfLc, AiSdkWrittenStreamPart } from './model-specification.ts'
import { type BridgedRequest, requestOfCall, withLess } from './request-of-call.ts'
import { writeResult, writeStream } from './written-answer.ts'

/** How a model presents itself to the AI SDK. */
export interface ToAiSdkOptions {
  /** The specification to report. Defaults to `'v3'`, which `ai` 6 and 7 take; `ai` 6 refuses `'v4'`. */
  specification?: 'v3' | 'v4'
  /** Names the provider in telemetry and provider options. Defaults to `'lc'`. */
  provider?: string
}

/**
 * A model of lc as a language model of the AI SDK: `generateText`, `streamText`, tools and structured output work as the
 * model can. Settings that it refuses are left out with a warning; a schema that it cannot keep to is asked for in the
 * prompt. Options of lc go in as `providerOptions.lc` (`LcProviderOptions`); log-probabilities, and what a
 * cache policy left, come out as `providerMetadata.lc`.
 *
 * @example
 * ```ts
 * import { generateText } from 'ai'
 * import type { LanguageModel } from '@lc/model'
 * import { toAiSdk } from '@lc/model/ai-sdk'
 *
 * export async function greet(model: LanguageModel): Promise<string> {
 *   const { text } = await generateText({ model: toAiSdk(model), prompt: 'Say hello.' })
 *   return text
 * }
 * ```
 */
export function toAiSdk(model: LanguageModel, options: ToAiSdkOptions & { specification: 'v4' }): AiSdkModelOfLc<'v4'>
export function toAiSdk(model: LanguageModel, options?: ToAiSdkOptions & { specification?: 'v3' }): AiSdkModelOfLc<'v3'>
export function toAiSdk(model: LanguageModel, options: ToAiSdkOptions = {}): AiSdkModelOfLc<'v3' | 'v4'> {
  const { specification = 'v3', provider = 'lc' } = options
  checkOneOf(specification, 'specification', ['v3', 'v4'])
  return {
    specificationVersion: specification,
    provider,
    modelId: model.id,
    supportedUrls: {},
    async doGenerate(call: AiSdkCallOptions) {
      const { value, warnings } = await withFallbacks(requestOfCall(call, model.id), (request) =>
        model.generate(request),
      )
      return writeResult(value, model.id, warnings)
    },
    async doStream(call: AiSdkCallOptions) {
      // the first part is awaited here: a refusal shows before anything is streamed
      const { value, warnings } = await withFallbacks(requestOfCall(call, model.id), (request) =>
        opened(model, request),
      )
      return { stream: readable(writeStream(value.parts, model.id, warnings), value.close, call.abortSignal) }
    },
  }
}

/** Runs a request, and again with less of it while the model refuses. */
async function withFallbacks<T>(
  bridged: BridgedRequest,
  run: (request: GenerateRequest) => Promise<T>,
): Promise<{ value: T; warnings: BridgedRequest['warnings'] }> {
  let current = bridged
  for (;;) {
    try {
      return { value: await run(current.request), warnings: current.warnings }
    } catch (error) {
      const less = isLcError(error) && error.code === 'unsupported-capability' ? withLess(current) : undefined
      if (less === undefined) throw error
      current = less
    }
  }
}

/** A stream whose first part has arrived, and what ends its work. */
interface OpenedStream {
  parts: AsyncGenerator<StreamPart>
  close(): Promise<unknown>
}

async function opened(model: LanguageModel, request: GenerateRequest): Promise<OpenedStream> {
  const iterator = model.stream(request)[Symbol.asyncIterator]()
  const first = await iterator.next()
  // not left to the generator: one that was never started does not run its finally
  return { parts: rest(first, iterator), close: async () => iterator.return?.() }
}

async function* rest(
  first: IteratorResult<StreamPart>,
  iterator: AsyncIterator<StreamPart>,
): AsyncGenerator<StreamPart> {
  for (let step = first; !step.done; step = await iterator.next()) yield step.value
}

/** A web stream over parts. An abort errors it with the signal's reason; any other failure is a part of type `error`. */
function readable(
  parts: AsyncGenerator<AiSdkWrittenStreamPart>,
  close: () => Promise<unknown>,
  signal: AbortSignal | undefined,
): ReadableStream<AiSdkWrittenStreamPart> {
  return new ReadableStream<AiSdkWrittenStreamPart>({
    async pull(controller) {
      try {
        const { value, done } = await parts.next()
        if (done) controller.close()
        else controller.enqueue(value)
      } catch (error) {
        if (signal?.aborted) return controller.error(signal.reason)
        controller.enqueue({ type: 'error', error })
        controller.close()
      }
    },
    async cancel() {
      await parts.return(undefined)
      await close()
    },
  })
}
