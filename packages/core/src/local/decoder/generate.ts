/** @file Answers requests: prompt to ids, prefill, the loop of tokens, text out of them, tool calls out of the text. */
import type { Accuracy, Choice, GenerateRequest, GenerateResult, StreamPart, TokenLogprob, Usage } from '@lc/model'
import { seededRandom } from '@lc/model'
import { ContextLengthError } from '@lc/model/errors'
import type { DecoderRunner } from '../../cache/decoder-runner.ts'
import { feedTokens } from '../../cache/feed-tokens.ts'
import type { KvCache } from '../../cache/kv-cache.ts'
import { generateTokens } from '../../generate/generate-tokens.ts'
import { type GenerationSettings, readGenerationSettings } from '../../generate/generation-settings.ts'
import type { TokenConstraint } from '../../generate/token-constraint.ts'
import type { ModelFiles } from '../../model-files/model-files.ts'
import type { RopeTables } from '../../models/rope/rope-tables.ts'
import { type AnswerPart, AnswerText } from './answer-text.ts'
import type { PrefixPool } from './prefix-pool.ts'
import { promptIds } from './prompt-ids.ts'

/** What generation works with. */
export interface GenerateTools {
  readonly runner: DecoderRunner
  readonly files: ModelFiles
  readonly contextLength: number
  readonly prefixes: PrefixPool
  /** The constraint that a request asks for. */
  constraintFor(request: GenerateRequest): TokenConstraint | undefined
}

/** A request on its way: checked, its prompt in the cache but for the last token. */
interface Started {
  readonly request: GenerateRequest
  readonly settings: GenerationSettings
  readonly accuracy: Accuracy
  readonly ids: Uint32Array
  readonly limit: number
  readonly cache: KvCache
  readonly ropes: RopeTables
  readonly cachedTokens: number
  readonly seed: number
}

/** Generates whole answers. */
export async function generateAnswers(
  request: GenerateRequest,
  accuracy: Accuracy,
  tools: GenerateTools,
): Promise<GenerateResult> {
  const started = await start(request, accuracy, tools)
  try {
    const choices: Choice[] = []
    for (let index = 0; index < started.settings.n; index++) choices.push(await oneAnswer(started, index, tools))
    const usage = usageOf(
      started,
      choices.reduce((sum, choice) => sum + (choice.ids?.length ?? 0), 0),
    )
    return { ...choices[0]!, usage, accuracy, ...(choices.length > 1 && { choices }) }
  } finally {
    started.cache.close()
  }
}

/** Streams one answer. */
export async function* streamAnswer(
  request: GenerateRequest,
  accuracy: Accuracy,
  tools: GenerateTools,
): AsyncGenerator<StreamPart, void, undefined> {
  const started = await start(request, accuracy, tools)
  try {
    let count = 0
    for await (const part of answerParts(started, 0, tools)) {
      if (part.type === 'finish') {
        count = part.ids.length
        yield { type: 'finish', finishReason: part.finishReason, usage: usageOf(started, count), accuracy }
      } else yield part
    }
  } finally {
    started.cache.close()
  }
}

async function start(request: GenerateRequest, accuracy: Accuracy, tools: GenerateTools): Promise<Started> {
  const { runner, files, contextLength } = tools
  request.signal?.throwIfAborted()
  const settings = readGenerationSettings(request)
  const ids = promptIds(request, files)
  if (ids.length >= contextLength)
    throw new ContextLengthError({ tokens: ids.length + 1, limit: contextLength, model: files.name })
  const limit = Math.min(settings.maxTokens ?? 1024, contextLength - ids.length)
  // an empty prompt goes on from the end token, as there is nothing else
  const prompt = ids.length > 0 ? ids : Uint32Array.of(files.tokenizer.special.begin ?? files.endTokens[0] ?? 0)
  const planned = prompt.length + limit
  const frequencies = runner.ropes.keyOf(planned)
  const known = request.cacheKey
    ? tools.prefixes.take(request.cacheKey, prompt.subarray(0, -1), { accuracy, frequencies })
    : undefined
  const cache = known?.cache ?? runner.createCache()
  const ropes = runner.ropes.forLength(planned)
  try {
    const { signal, onProgress } = request
    const rest = prompt.subarray(known?.length ?? 0, -1)
    await feedTokens(runner, { cache, ids: rest, accuracy, ropes, signal, onProgress })
  } catch (error) {
    cache.close()
    throw error
  }
  if (request.cacheKey)
    tools.prefixes.put(request.cacheKey, { cache, ids: [...prompt.subarray(0, -1)], accuracy, frequencies })
  const seed = settings.seed ?? Math.floor(Math.random() * 2 ** 32)
  const cachedTokens = known?.length ?? 0
  return { request, settings, accuracy, ids: prompt, limit, cache, ropes, cachedTokens, seed }
}

function usageOf(started: Started, completionTokens: number): Usage {
  const { ids, cachedTokens, request } = started
  return { promptTokens: ids.length, completionTokens, ...(request.cacheKey && { cachedTokens }) }
}

async function oneAnswer(started: Started, index: number, tools: GenerateTools): Promise<Choice> {
  let text = ''
  const logprobs: TokenLogprob[] = []
  const toolCalls: NonNullable<Choice['toolCalls']> = []
  for await (const part of answerParts(started, index, tools)) {
    if (part.type === 'text-delta') {
      text += part.text
      if (part.logprob) logprobs.push(part.logprob)
    } else if (part.type === 'tool-call') toolCalls.push(part.toolCall)
    else
      return {
        text,
        ids: Uint32Array.from(part.ids),
        finishReason: part.finishReason,
        ...(started.settings.logprobs !== undefined && { logprobs: logprobs.slice(0, part.ids.length) }),
        ...(toolCalls.length > 0 && { toolCalls }),
      }
  }
  return { text, finishReason: 'other' }
}

/** The parts of one of several answers; each goes on from the prompt with a cache of its own. */
async function* answerParts(started: Started, index: number, tools: GenerateTools): AsyncGenerator<AnswerPart> {
  const { request, settings, accuracy, ids, ropes } = started
  const { runner, files } = tools
  const cache = settings.n > 1 ? started.cache.fork() : started.cache
  const next = async (id = ids[ids.length - 1]!): Promise<Float32Array> => {
    const run = { cache, ids: [id], accuracy, ropes, signal: request.signal, fetches: ['logits'] }
    const { logits } = await runner.runStep(run)
    return logits!.data as Float32Array
  }
  const answer = new AnswerText({ request, settings, tokenizer: files.tokenizer })
  const tokens = generateTokens({
    prompt: ids,
    settings,
    tokenizer: files.tokenizer,
    endTokens: new Set(files.endTokens),
    limit: started.limit,
    random: seededRandom(started.seed + index),
    constraint: tools.constraintFor(request),
    next,
  })
  try {
    for (;;) {
      request.signal?.throwIfAborted()
      const { value, done } = await tokens.next()
      if (done) {
        yield* answer.end(value)
        return
      }
      yield* answer.push(value)
      if (answer.stopped) {
        yield* answer.end('stop')
        return
      }
    }
  } finally {
    if (cache !== started.cache) cache.close()
  }
}
