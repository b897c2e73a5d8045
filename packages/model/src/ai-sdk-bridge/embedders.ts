/** @file Embedding models, from the AI SDK and to it. */
import { mergeSignals } from '../abort/merge-signals.ts'
import { withAbort } from '../abort/with-abort.ts'
import type { Embedder, EmbedOptions } from '../capability/embedder.ts'
import type { JsonObject } from '../capability/json-value.ts'
import { checkInteger, checkOneOf } from '../check/check-argument.ts'
import { ApiCallError } from '../errors/api-call-error.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import { type RetryPolicy, retryDefaults } from '../http/retry-policy.ts'
import { callWithRetry } from './call-with-retry.ts'
import { checkSpecification } from './check-specification.ts'
import type { AiSdkEmbedderOfLc, AiSdkEmbeddingCall, AiSdkEmbeddingModel } from './embedding-specification.ts'
import type { AiSdkWrittenWarning } from './model-specification.ts'

/** What is added to texts of one kind. */
export interface EmbeddingKindOptions {
  /** Put before each text. */
  prefix?: string
  /** Passed to the provider, by provider name, for example a task type. */
  providerOptions?: Record<string, JsonObject>
}

/** What an embedding model of the AI SDK does not tell about itself, and how it is called. */
export interface EmbedderFromAiSdkOptions {
  /** The length of the vectors; models of the AI SDK do not tell it. */
  dimensions: number
  /** Defaults to `provider/modelId`. */
  id?: string
  /** How queries differ from documents. Defaults to not at all. */
  query?: EmbeddingKindOptions
  document?: EmbeddingKindOptions
  retry?: Partial<RetryPolicy>
  /** Milliseconds per call of `embed`. Defaults to 600,000. */
  timeoutMs?: number
}

/** Texts per call where the model sets no limit. */
const largestCall = 256

/**
 * Any embedding model of the AI SDK (specification v2, v3 or v4) as an `Embedder`. Texts go in calls of at most the
 * model's own size.
 *
 * @throws InvalidArgumentError for an object of another specification.
 */
export function embedderFromAiSdk(model: AiSdkEmbeddingModel, options: EmbedderFromAiSdkOptions): Embedder {
  checkSpecification(model, 'doEmbed')
  const { dimensions, id = `${model.provider}/${model.modelId}`, timeoutMs = 600_000 } = options
  checkInteger(dimensions, 'dimensions', { min: 1 })
  const policy = { ...retryDefaults, ...options.retry }

  const embedCall = async (values: string[], kind: EmbeddingKindOptions, signal: AbortSignal) => {
    const call = {
      values: kind.prefix === undefined ? values : values.map((value) => kind.prefix + value),
      abortSignal: signal,
      ...(kind.providerOptions === undefined ? {} : { providerOptions: kind.providerOptions }),
    }
    const { embeddings } = await callWithRetry(() => withAbort(model.doEmbed(call), signal), {
      model: id,
      policy,
      signal,
    })
    if (embeddings.length !== values.length || embeddings.some((vector) => vector.length !== dimensions))
      throw new ApiCallError({
        endpoint: id,
        retryable: false,
        problem: `${values.length} vectors of ${dimensions} numbers were expected; got ${embeddings.length} of ${embeddings[0]?.length ?? 0}`,
      })
    return embeddings.map((vector) => Float32Array.from(vector))
  }

  return {
    id,
    dimensions,
    async embed(texts, embedOptions: EmbedOptions = {}) {
      const { kind = 'document', output = 'pooled', onProgress } = embedOptions
      if (output === 'tokens') throw new UnsupportedCapabilityError({ model: id, capability: 'embed single tokens' })
      const merged = mergeSignals({ signals: [embedOptions.signal], timeoutMs, operation: `embedding with ${id}` })
      try {
        merged.signal.throwIfAborted()
        const size = Math.min((await model.maxEmbeddingsPerCall) ?? largestCall, largestCall)
        const vectors: Float32Array[] = []
        for (let start = 0; start < texts.length; start += size) {
          const part = texts.slice(start, start + size)
          vectors.push(...(await embedCall(part, options[kind] ?? {}, merged.signal)))
          onProgress?.({
            type: 'progress',
            operation: 'embed',
            done: vectors.length,
            total: texts.length,
            unit: 'passages',
          })
        }
        return vectors
      } finally {
        merged.release()
      }
    },
  }
}

/** How an embedder presents itself to the AI SDK. */
export interface EmbedderToAiSdkOptions {
  /** The specification to report. Defaults to `'v3'`, which `ai` 6 and 7 take. */
  specification?: 'v3' | 'v4'
  /** Defaults to `'lc'`. */
  provider?: string
  /** Defaults to 2048. */
  maxEmbeddingsPerCall?: number
}

/**
 * An embedder of lc as an embedding model of the AI SDK (`embed`, `embedMany`). Texts are documents unless
 * `providerOptions.lc.kind` is `'query'`.
 */
export function embedderToAiSdk(
  embedder: Embedder,
  options: EmbedderToAiSdkOptions & { specification: 'v4' },
): AiSdkEmbedderOfLc<'v4'>
export function embedderToAiSdk(
  embedder: Embedder,
  options?: EmbedderToAiSdkOptions & { specification?: 'v3' },
): AiSdkEmbedderOfLc<'v3'>
export function embedderToAiSdk(
  embedder: Embedder,
  options: EmbedderToAiSdkOptions = {},
): AiSdkEmbedderOfLc<'v3' | 'v4'> {
  const { specification = 'v3', provider = 'lc', maxEmbeddingsPerCall = 2048 } = options
  checkOneOf(specification, 'specification', ['v3', 'v4'])
  checkInteger(maxEmbeddingsPerCall, 'maxEmbeddingsPerCall', { min: 1 })
  return {
    specificationVersion: specification,
    provider,
    modelId: embedder.id ?? 'embedder',
    maxEmbeddingsPerCall,
    supportsParallelCalls: false,
    async doEmbed({ values, abortSignal, providerOptions, dimensions }: AiSdkEmbeddingCall) {
      const { kind = 'document' } = (providerOptions?.lc ?? {}) as { kind?: unknown }
      const vectors = await embedder.embed(values, {
        kind: checkOneOf(kind, 'providerOptions.lc.kind', ['query', 'document']),
        signal: abortSignal,
      })
      const warnings: AiSdkWrittenWarning[] = []
      if (dimensions !== undefined && dimensions !== embedder.dimensions)
        warnings.push({
          type: 'unsupported',
          feature: 'dimensions',
          details: `the vectors have ${embedder.dimensions}`,
        })
      return { embeddings: vectors.map((vector) => Array.from(vector)), warnings }
    },
  }
}
