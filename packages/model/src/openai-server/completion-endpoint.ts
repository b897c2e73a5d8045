/** @file `POST /v1/completions`, with `echo`, `logprobs` and, in vLLM's form, `prompt_logprobs`. */
import type { Choice, GenerateRequest, LanguageModel, Usage } from '../capability/language-model.ts'
import type { ScoreResult } from '../capability/scorer.ts'
import { checkArgument } from '../check/check-argument.ts'
import { requireLanguageModel } from './chat-endpoint.ts'
import type { CompletionPrompt } from './completion-prompt.ts'
import {
  promptIds,
  promptText,
  promptTokens,
  readPrompts,
  requireTokenizer,
  scorePrompts,
  textToContinue,
  wirePromptLogprobs,
} from './completion-prompt.ts'
import { harmlessFields, optional, samplingOptions } from './sampling-fields.ts'
import type { EndpointAnswer, ServedRequest } from './served-request.ts'
import { tokenizerOf } from './server-options.ts'
import { answerId, createdNow, wireCompletionLogprobs, wireFinishReason, wireUsage } from './wire-answer.ts'

/** What a completion asks for. */
interface CompletionRequest {
  prompts: CompletionPrompt[]
  maxTokens: number
  echo: boolean
  logprobs: number | undefined
  promptLogprobs: boolean
  returnIds: boolean
  generate: GenerateRequest
}

/** Completes prompts, or only scores them (`max_tokens: 0`). */
export async function completionEndpoint(served: ServedRequest): Promise<EndpointAnswer> {
  const { fields, name, model, signal } = served
  const stream = fields.boolean('stream') ?? false
  const includeUsage = fields.object('stream_options')?.boolean('include_usage') ?? false
  const request = readRequest(served)
  fields.finish([...harmlessFields, 'add_special_tokens'])
  if (stream) {
    checkStreamable(request)
    const languageModel = requireLanguageModel(model.languageModel, name)
    const prompt = textToContinue(request.prompts[0] ?? '', tokenizerOf(model), name)
    return {
      events: completionChunks(languageModel, { ...request.generate, prompt, signal }, served, request, includeUsage),
    }
  }
  const scored = request.promptLogprobs || (request.echo && request.logprobs !== undefined)
  const scores = scored ? await scorePrompts(served, request.prompts, request.generate.policy) : undefined
  const choices: Record<string, unknown>[] = []
  const usage: Usage = { promptTokens: 0, completionTokens: 0 }
  for (const [index, prompt] of request.prompts.entries()) {
    const answer = await completeOne(served, request, prompt, scores?.[index])
    usage.promptTokens += answer.usage.promptTokens
    usage.completionTokens += answer.usage.completionTokens
    for (const choice of answer.choices) choices.push({ index: choices.length, ...choice })
  }
  const head = { id: answerId('cmpl'), object: 'text_completion', created: createdNow(), model: name }
  return { json: { ...head, choices, usage: wireUsage(usage) } }
}

function readRequest(served: ServedRequest): CompletionRequest {
  const { fields, limits, options } = served
  const prompts = readPrompts(served)
  const maxTokens = fields.integer('max_tokens', { min: 0 }) ?? 16
  const logprobs = fields.integer('logprobs', { min: 0, max: 20 })
  const echo = fields.boolean('echo') ?? false
  // a scorer tells the prompt's own tokens, not the likeliest others
  const promptLogprobs = fields.integer('prompt_logprobs', { min: 0, max: 0 })
  checkArgument(
    maxTokens > 0 || echo || promptLogprobs !== undefined,
    'max_tokens',
    maxTokens,
    'at least 1 unless the prompt is echoed or scored',
  )
  fields.only('suffix', [''])
  fields.only('best_of', [1])
  return {
    prompts,
    maxTokens: Math.min(maxTokens, limits.completionTokens),
    echo,
    logprobs,
    promptLogprobs: promptLogprobs !== undefined,
    returnIds: fields.boolean('return_token_ids') ?? false,
    generate: {
      ...samplingOptions(fields, limits, options.temperature ?? 1),
      ...optional('logprobs', logprobs),
      ...(maxTokens > 0 ? { maxTokens: Math.min(maxTokens, limits.completionTokens) } : {}),
    },
  }
}

async function completeOne(
  served: ServedRequest,
  request: CompletionRequest,
  prompt: CompletionPrompt,
  score: ScoreResult | undefined,
): Promise<{ choices: Record<string, unknown>[]; usage: Usage }> {
  const { model, name, signal } = served
  const tokenizer = tokenizerOf(model)
  const echoed = request.echo ? echoText(prompt, request, served) : ''
  // clients that only want scores ask for one token, since other servers cannot generate none
  const onlyScored = request.promptLogprobs && promptText(prompt, tokenizer, name) === undefined
  if (request.maxTokens === 0 || onlyScored) {
    const ids = score ? score.ids : promptIds(prompt, tokenizer, name)
    const empty: Choice = { text: '', ids: new Uint32Array(), finishReason: 'length' }
    const usage = { promptTokens: ids.length, completionTokens: 0 }
    return { choices: [wireChoice(served, request, prompt, echoed, score, empty)], usage }
  }
  const text = textToContinue(prompt, tokenizer, name)
  const result = await requireLanguageModel(model.languageModel, name).generate({
    ...request.generate,
    prompt: text,
    signal,
  })
  const choices = (result.choices ?? [result]).map((choice) =>
    wireChoice(served, request, prompt, echoed, score, choice),
  )
  return { choices, usage: result.usage }
}

function echoText(prompt: CompletionPrompt, request: CompletionRequest, served: ServedRequest): string {
  if (typeof prompt === 'string') return prompt
  return request.echo
    ? requireTokenizer(tokenizerOf(served.model), served.name).decode(prompt, { special: 'keep' })
    : ''
}

function wireChoice(
  served: ServedRequest,
  request: CompletionRequest,
  prompt: CompletionPrompt,
  echoed: string,
  score: ScoreResult | undefined,
  choice: Choice,
): Record<string, unknown> {
  const tokenizer = tokenizerOf(served.model)
  const wire: Record<string, unknown> = {
    text: echoed + choice.text,
    finish_reason: wireFinishReason(choice.finishReason),
    logprobs: null,
  }
  if (request.logprobs !== undefined) {
    const before = request.echo && score ? promptTokens(score, requireTokenizer(tokenizer, served.name)) : []
    wire.logprobs = wireCompletionLogprobs([...before, ...(choice.logprobs ?? [])], 0)
  }
  if (request.promptLogprobs && score)
    wire.prompt_logprobs = wirePromptLogprobs(score, requireTokenizer(tokenizer, served.name))
  if (request.returnIds) {
    wire.prompt_token_ids = score ? Array.from(score.ids) : promptIds(prompt, tokenizer, served.name)
    wire.token_ids = choice.ids ? Array.from(choice.ids) : null
  }
  return wire
}

function checkStreamable(request: CompletionRequest): void {
  checkArgument(request.prompts.length === 1, 'prompt', request.prompts, 'one prompt in a stream')
  checkArgument((request.generate.n ?? 1) === 1, 'n', request.generate.n, '1 in a stream')
  checkArgument(!request.promptLogprobs, 'prompt_logprobs', 0, 'absent in a stream')
  checkArgument(!(request.echo && request.logprobs !== undefined), 'echo', true, 'false in a stream with logprobs')
  checkArgument(request.maxTokens > 0, 'max_tokens', 0, 'at least 1 in a stream')
}

async function* completionChunks(
  model: LanguageModel,
  generate: GenerateRequest,
  served: ServedRequest,
  request: CompletionRequest,
  includeUsage: boolean,
): AsyncGenerator<Record<string, unknown>> {
  const head = { id: answerId('cmpl'), object: 'text_completion', created: createdNow(), model: served.name }
  const chunk = (text: string, more: Record<string, unknown> = {}) => ({
    ...head,
    choices: [{ index: 0, text, logprobs: null, finish_reason: null, ...more }],
  })
  let begun = false
  let offset = 0
  for await (const part of model.stream(generate)) {
    if (!begun && request.echo && generate.prompt) {
      yield chunk(generate.prompt)
      offset = Array.from(generate.prompt).length
    }
    begun = true
    if (part.type === 'text-delta') {
      if (part.text === '' && !part.logprob) continue
      yield chunk(part.text, part.logprob ? { logprobs: wireCompletionLogprobs([part.logprob], offset) } : {})
      offset += Array.from(part.text).length
    } else if (part.type === 'finish') {
      yield chunk('', { finish_reason: wireFinishReason(part.finishReason) })
      if (includeUsage) yield { ...head, choices: [], usage: wireUsage(part.usage) }
    }
  }
}
