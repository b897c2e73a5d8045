/** @file Answers requests: prompt to ids, prefill, the loop of tokens, text out of them, tool calls out of the text. */
import type {
  Accuracy,
  CacheUse,
  Choice,
  GenerateRequest,
  GenerateResult,
  StreamPart,
  TokenLogprob,
  Usage,
} from '@lc/model'
import { seededRandom } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import { ContextLengthError, InternalError } from '@lc/model/errors'
import type { CacheFormat } from '../../cache/cache-format.ts'
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
import type { SessionState } from './session-state.ts'
import type { GenerateOptions, TokenSteps } from './token-steps.ts'

/** What generation works with. */
export interface GenerateTools extends GenerateOptions {
  readonly runner: DecoderRunner
  readonly files: ModelFiles
  readonly contextLength: number
  /** How keys and values are kept. */
  readonly cache: CacheFormat
  readonly prefixes: PrefixPool
  /** A session under the policy of a request. */
  sessionFor(policy: unknown, accuracy: Accuracy, plannedLength: number): SessionState
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
  readonly source: TokenSource
  readonly cachedTokens: number
  readonly seed: number
}

/** Where logits come from: a cache, a session under a policy, or steps of another's making. */
type TokenSource =
  | { readonly cache: KvCache; readonly ropes: RopeTables }
  | { readonly session: SessionState }
  | { readonly steps: TokenSteps }

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
    return { ...choices[0]!, usage, accuracy, ...cacheUse(started.source), ...(choices.length > 1 && { choices }) }
  } finally {
    await closeSource(started.source)
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
        const { finishReason } = part
        yield { type: 'finish', finishReason, usage: usageOf(started, count), accuracy, ...cacheUse(started.source) }
      } else yield part
    }
  } finally {
    await closeSource(started.source)
  }
}

async function start(request: GenerateRequest, accuracy: Accuracy, tools: GenerateTools): Promise<Started> {
  const { files, contextLength } = tools
  request.signal?.throwIfAborted()
  const settings = readGenerationSettings(request)
  const ids = promptIds(request, files)
  if (ids.length >= contextLength)
    throw new ContextLengthError({ tokens: ids.length + 1, limit: contextLength, model: files.name })
  const limit = Math.min(settings.maxTokens ?? 1024, contextLength - ids.length)
  // an empty prompt goes on from the end token, as there is nothing else
  const prompt = ids.length > 0 ? ids : Uint32Array.of(files.tokenizer.special.begin ?? files.endTokens[0] ?? 0)
  const common = { request, settings, accuracy, ids: prompt, limit, seed: settings.seed ?? randomSeed() }
  if (tools.steps) return { ...common, source: { steps: await startSteps(common, tools.steps) }, cachedTokens: 0 }
  if (request.policy !== undefined) {
    checkArgument(request.cacheKey === undefined, 'cacheKey', request.cacheKey, 'absent where a policy is given')
    const session = tools.sessionFor(request.policy, accuracy, prompt.length + limit)
    const { signal, onProgress } = request
    await orClose({ session }, session.prefill(prompt, { signal, onProgress }))
    return { ...common, source: { session }, cachedTokens: 0 }
  }
  const { cache, ropes, cachedTokens } = await cachedPrompt(request, prompt, { accuracy, limit }, tools)
  return { ...common, source: { cache, ropes }, cachedTokens }
}

async function startSteps(
  { request, settings, accuracy, ids, limit, seed }: Omit<Started, 'source' | 'cachedTokens'>,
  begin: NonNullable<GenerateOptions['steps']>,
): Promise<TokenSteps> {
  checkArgument(settings.n === 1, 'n', settings.n, '1 where steps are given')
  checkArgument(request.cacheKey === undefined, 'cacheKey', request.cacheKey, 'absent where steps are given')
  const { signal, onProgress, policy } = request
  // a stream of its own: what steps draw leaves what the sampler draws as it is
  const random = seededRandom(seed ^ 0x5bd1e995)
  return begin({ prompt: ids, limit, accuracy, sampler: settings.sampler, random, policy, signal, onProgress })
}

/** A cache that holds all of a prompt but its last token, from a prefix of an earlier one where there is one. */
async function cachedPrompt(
  request: GenerateRequest,
  prompt: Uint32Array,
  { accuracy, limit }: { readonly accuracy: Accuracy; readonly limit: number },
  { runner, prefixes, cache: format }: GenerateTools,
): Promise<{ cache: KvCache; ropes: RopeTables; cachedTokens: number }> {
  const planned = prompt.length + limit
  const frequencies = runner.ropes.keyOf(planned)
  const ropes = runner.ropes.forLength(planned)
  const cached = prompt.subarray(0, -1)
  const { signal, onProgress, cacheKey } = request
  const known = cacheKey ? prefixes.take(cacheKey, cached, { accuracy, frequencies }) : undefined
  const cache = known?.cache ?? runner.createCache(0, undefined, format)
  const rest = cached.subarray(known?.length ?? 0)
  await orClose({ cache, ropes }, feedTokens(runner, { cache, ids: rest, accuracy, ropes, signal, onProgress }))
  if (cacheKey) prefixes.put(cacheKey, { cache, ids: [...cached], accuracy, frequencies })
  return { cache, ropes, cachedTokens: known?.length ?? 0 }
}

async function orClose(source: TokenSource, work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    await closeSource(source)
    throw error
  }
}

async function closeSource(source: TokenSource): Promise<void> {
  if ('session' in source) source.session.close()
  else if ('cache' in source) source.cache.close()
  else await source.steps.close()
}

function forkSource(source: TokenSource): TokenSource {
  if ('session' in source) return { session: source.session.fork() }
  if ('steps' in source) throw new InternalError({ invariant: 'steps give one answer' })
  return { cache: source.cache.fork(), ropes: source.ropes }
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32)
}

function usageOf(started: Started, completionTokens: number): Usage {
  const { ids, cachedTokens, request } = started
  return { promptTokens: ids.length, completionTokens, ...(request.cacheKey && { cachedTokens }) }
}

/** What a policy left of the cache, where there is one. */
function cacheUse(source: TokenSource): { cache?: CacheUse } {
  if (!('session' in source)) return {}
  const { policy, tokens, slots, bytes } = source.session.report()
  return { cache: { policy, tokens, slots: slots.mean, bytes: bytes.used } }
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
  const { request, settings, ids } = started
  const { runner, files } = tools
  const source = settings.n > 1 ? forkSource(started.source) : started.source
  const next = (id?: number): Promise<Float32Array> => nextLogits(started, source, runner, id)
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
    ...('steps' in source && { choose: (logits, random) => source.steps.choose?.(logits, random) }),
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
    if (source !== started.source) await closeSource(source)
  }
}

/** Logits after the prompt, or after one more token. */
async function nextLogits(
  { ids, accuracy, request: { signal } }: Started,
  source: TokenSource,
  runner: DecoderRunner,
  id: number | undefined,
): Promise<Float32Array> {
  if ('steps' in source) return source.steps.next(id)
  if ('session' in source) {
    const logits = id === undefined ? source.session.needLogits() : await source.session.step(id, { signal })
    return logits.slice()
  }
  const next = [id ?? ids[ids.length - 1]!]
  const { logits } = await runner.runStep({ ...source, ids: next, accuracy, signal, fetches: ['logits'] })
  return logits!.data as Float32Array
}
