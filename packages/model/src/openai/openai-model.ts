/** @file A server that speaks the OpenAI protocol as a `LanguageModel`, and as `Scorer` and `Embedder` on request. */

import { cancelOnBreak } from '../abort/cancel-on-break.ts'
import { estimateTokenizer } from '../budget/estimate-tokenizer.ts'
import type { Embedder } from '../capability/embedder.ts'
import type { GenerateRequest, GenerateResult, LanguageModel, StreamPart, Usage } from '../capability/language-model.ts'
import type { Scorer } from '../capability/scorer.ts'
import { ApiCallError } from '../errors/api-call-error.ts'
import { OutputParseError } from '../errors/output-parse-error.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import { readEventStream } from '../http/read-event-stream.ts'
import type { CallLimits, RequestBody } from './connection.ts'
import { Connection } from './connection.ts'
import type { OpenaiEmbedderOptions } from './openai-embedder.ts'
import { createEmbedder } from './openai-embedder.ts'
import type { OpenaiScorerOptions } from './openai-scorer.ts'
import { createScorer } from './openai-scorer.ts'
import type { OpenaiCompatibleOptions } from './options.ts'
import { readChoices, readUsage } from './read-answer.ts'
import { readStreamParts } from './read-stream.ts'
import { chatBody, checkRequest, completionBody, dependsOnDialect } from './request-body.ts'
import type { ServerDescription } from './server-dialect.ts'
import { dialectTraits } from './server-dialect.ts'
import { cutChoice, cutParts } from './stop-text.ts'

/** A remote model: it generates, and where the server can, it scores and embeds. Holds nothing that needs closing. */
export interface OpenaiCompatibleModel extends LanguageModel {
  /** Asks the server who it is: its dialect, its models, and the context length of this one. */
  connect(limits?: CallLimits): Promise<ServerDescription>
  /**
   * The model as a `Scorer`, after a check: tokens that the server generates with log-probabilities must come back with
   * the same ones when the text is sent as a prompt. The verdict is kept.
   *
   * @throws `UnsupportedCapabilityError` that says what was seen.
   */
  scorer(options?: OpenaiScorerOptions): Promise<Scorer>
  /** The model as an `Embedder`; embeds one text to learn the number of dimensions, unless that is given. */
  embedder(options?: OpenaiEmbedderOptions): Promise<Embedder>
}

/**
 * A model behind a server that speaks the OpenAI protocol: OpenAI, vLLM, SGLang, llama.cpp, llama-cpp-python,
 * `transformers serve`, `lc serve`, and others.
 *
 * @example
 * ```ts
 * import { openaiCompatible } from '@lc/model/openai-compatible'
 *
 * const model = openaiCompatible({ baseUrl: 'http://127.0.0.1:8000/v1', model: 'smollm2' })
 * const { text } = await model.generate({ messages: [{ role: 'user', content: 'Name a prime.' }] })
 * ```
 */
export function openaiCompatible(options: OpenaiCompatibleOptions): OpenaiCompatibleModel {
  const connection = new Connection(options)
  const tokenizer = options.tokenizer
  let verdict: Scorer | UnsupportedCapabilityError | undefined

  return {
    id: options.model,
    get contextLength() {
      return connection.contextLength
    },
    ...(tokenizer ? { tokenizer } : {}),
    generate: (request) => generate(connection, request, options),
    stream: (request) => streamParts(connection, request, options),
    connect: (limits = {}) => connection.describe(limits),
    scorer: async (scorerOptions = {}) => {
      if (Object.keys(scorerOptions).some((name) => name !== 'signal' && name !== 'timeoutMs'))
        return createScorer(connection, tokenizer, scorerOptions)
      if (verdict instanceof UnsupportedCapabilityError) throw verdict
      if (verdict) return verdict
      try {
        verdict = await createScorer(connection, tokenizer, scorerOptions)
      } catch (error) {
        // a refusal stays one; a fault may pass
        if (error instanceof UnsupportedCapabilityError) verdict = error
        throw error
      }
      return verdict
    },
    embedder: (embedderOptions = {}) => createEmbedder(connection, embedderOptions),
  }
}

async function prepareBody(
  connection: Connection,
  request: GenerateRequest,
  options: OpenaiCompatibleOptions,
): Promise<{ path: string; body: RequestBody }> {
  checkRequest(request, connection.model)
  const explicit = options.dialect !== undefined && options.dialect !== 'auto'
  const traits = explicit || dependsOnDialect(request) ? await connection.traits(request) : dialectTraits.openai
  return request.messages
    ? { path: '/chat/completions', body: chatBody(request, connection.model, traits) }
    : { path: '/completions', body: completionBody(request, connection.model, traits) }
}

async function generate(
  connection: Connection,
  request: GenerateRequest,
  options: OpenaiCompatibleOptions,
): Promise<GenerateResult> {
  const { path, body } = await prepareBody(connection, request, options)
  const answer = await connection.post(path, body, request)
  const { stop = [] } = request
  const choices = readChoices(answer).map((choice) => cutChoice(choice, stop))
  const first = choices[0]
  if (!first) throw new ApiCallError({ endpoint: path, retryable: false, problem: 'the answer has no choices' })
  const wanted = request.n ?? 1
  if (choices.length < wanted) throw unsupported(connection, `give ${wanted} answers: it gave ${choices.length}`)
  for (const choice of choices) {
    if (request.logprobs !== undefined && !choice.logprobs && choice.text !== '') throw noLogprobs(connection)
    if (request.responseSchema !== undefined && choice.finishReason === 'stop') checkJson(choice.text)
  }
  const usage = readUsage(answer.usage) ?? estimateUsage(request, options, first.text, first.logprobs?.length)
  return { ...first, usage, ...(wanted > 1 ? { choices } : {}) }
}

function streamParts(
  connection: Connection,
  request: GenerateRequest,
  options: OpenaiCompatibleOptions,
): AsyncIterable<StreamPart> {
  return cancelOnBreak(request.signal, (signal) => runStream(connection, { ...request, signal }, options))
}

async function* runStream(
  connection: Connection,
  request: GenerateRequest,
  options: OpenaiCompatibleOptions,
): AsyncGenerator<StreamPart, void, undefined> {
  const { path, body } = await prepareBody(connection, request, options)
  if ((request.n ?? 1) > 1) throw unsupported(connection, 'stream several answers at once')
  const { stream, deadline, endpoint } = await connection.openStream(path, body, request)
  try {
    const events = readEventStream(stream, { signal: deadline.signal, endpoint })
    const parts = readStreamParts(events, {
      endpoint,
      redact: (text) => connection.redact(text),
      logprobs: request.logprobs !== undefined,
      estimateUsage: (text, tokenCount) => estimateUsage(request, options, text, tokenCount),
      missingLogprobs: () => {
        throw noLogprobs(connection)
      },
    })
    for await (const part of request.stop?.length ? cutParts(parts, request.stop) : parts) {
      // several parts may have come at once
      deadline.signal.throwIfAborted()
      yield part
    }
  } finally {
    deadline.release()
  }
}

function unsupported(connection: Connection, capability: string): UnsupportedCapabilityError {
  return new UnsupportedCapabilityError({ model: connection.model, capability })
}

function noLogprobs(connection: Connection): UnsupportedCapabilityError {
  return unsupported(connection, 'report log-probabilities: they were asked for and did not come')
}

/** A server that ignores the schema answers with prose. */
function checkJson(text: string): void {
  try {
    JSON.parse(text)
  } catch (error) {
    throw new OutputParseError({ text, expected: 'JSON after the schema that was asked for', cause: error })
  }
}

/** Counts for servers that send none: by the model's tokenizer where it is known, else by an estimate. */
function estimateUsage(
  request: GenerateRequest,
  options: OpenaiCompatibleOptions,
  text: string,
  tokenCount: number | undefined,
): Usage {
  const tokenizer = options.tokenizer ?? estimateTokenizer()
  const prompt = request.prompt ?? (request.messages ?? []).map((message) => message.content).join('\n')
  return { promptTokens: tokenizer.count(prompt), completionTokens: tokenCount ?? tokenizer.count(text) }
}
