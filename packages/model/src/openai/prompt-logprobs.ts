/**
 * @file The log-probabilities of a prompt, in the three forms in which servers give them: vLLM's `prompt_logprobs`,
 * SGLang's `/generate`, and OpenAI's `echo`. What comes back is only as good as the server: `check-prompt-logprobs.ts`.
 */
import type { TokenLogprob } from '../capability/language-model.ts'
import { ApiCallError } from '../errors/api-call-error.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import type { Likeliest } from './compare-logprobs.ts'
import type { CallLimits, Connection, RequestBody } from './connection.ts'
import { readIds, readLogprobs } from './read-answer.ts'
import type { DialectTraits, PromptLogprobsForm } from './server-dialect.ts'
import { isRecord } from './server-dialect.ts'

/** A prompt: text that the server tokenises without adding to it where it can be told so, or ids. */
export type PromptInput = string | readonly number[]

/** One entry a token of the prompt. */
export interface PromptTokens {
  /** Missing where the server does not tell them. */
  ids?: Uint32Array
  /** As the server writes them; missing where it does not. vLLM does not tell the first. */
  texts?: (string | undefined)[]
  /** NaN where the server gives none, as for the first token. */
  logprobs: Float32Array
  /** The likeliest token at each position, where the form tells it. */
  likeliest?: (Likeliest | undefined)[]
}

export interface PromptLogprobsRequest extends CallLimits {
  form: PromptLogprobsForm
  traits: DialectTraits
  /** Prompts of one kind: all text, or all ids. */
  inputs: readonly PromptInput[]
  /** Ask for token texts as well, where that costs something. */
  texts: boolean
  /** For each prompt of ids the first token whose log-probability is wanted: SGLang computes no others. Defaults to 0. */
  from?: readonly number[]
}

/** Asks for the log-probabilities of prompts, one result a prompt. */
export function fetchPromptLogprobs(connection: Connection, request: PromptLogprobsRequest): Promise<PromptTokens[]> {
  if (request.form === 'generate') return fetchBySglang(connection, request)
  return request.form === 'echo' ? fetchByEcho(connection, request) : fetchByVllm(connection, request)
}

function batchField(inputs: readonly PromptInput[]): PromptInput | readonly PromptInput[] | undefined {
  return inputs.length === 1 ? inputs[0] : inputs
}

async function fetchByVllm(connection: Connection, request: PromptLogprobsRequest): Promise<PromptTokens[]> {
  const body: RequestBody = {
    model: connection.model,
    prompt: batchField(request.inputs),
    max_tokens: request.traits.emptyCompletion ? 0 : 1,
    temperature: 0,
    prompt_logprobs: 0,
    return_token_ids: true,
    add_special_tokens: false,
    ...(request.traits.accuracy ? { [request.traits.accuracy]: 'exact' } : {}),
  }
  const answer = await connection.post('/completions', body, request)
  const choices = orderedChoices(answer)
  return request.inputs.map((input, index) => {
    const choice = choices[index]
    const entries = choice?.prompt_logprobs
    if (!Array.isArray(entries)) throw noPromptLogprobs(connection, 'no prompt_logprobs came back')
    const ids = readIds(choice?.prompt_token_ids) ?? (typeof input === 'string' ? undefined : Uint32Array.from(input))
    return readVllmEntries(entries, ids)
  })
}

/** vLLM gives, for each token but the first, a map from token id to its log-probability, rank and text. */
function readVllmEntries(entries: readonly unknown[], knownIds: Uint32Array | undefined): PromptTokens {
  if (knownIds && knownIds.length !== entries.length)
    throw malformed('/completions', `${entries.length} prompt_logprobs for ${knownIds.length} tokens`)
  const logprobs = new Float32Array(entries.length).fill(Number.NaN)
  const texts: (string | undefined)[] = []
  for (const [index, entry] of entries.entries()) {
    const value = ownEntry(entry, knownIds?.[index])
    const logprob = isRecord(value) ? value.logprob : value
    if (typeof logprob === 'number') logprobs[index] = logprob
    else if (index > 0) throw malformed('/completions', `prompt_logprobs[${index}] lacks the prompt's own token`)
    texts.push(isRecord(value) && typeof value.decoded_token === 'string' ? value.decoded_token : undefined)
  }
  return { ...(knownIds ? { ids: knownIds } : {}), logprobs, texts }
}

/** The entry of the prompt's own token: a server may add the likeliest one, though only the own one is asked for. */
function ownEntry(entry: unknown, id: number | undefined): unknown {
  if (!isRecord(entry)) return undefined
  if (id !== undefined) return entry[String(id)]
  const values = Object.values(entry)
  return values.length === 1 ? values[0] : undefined
}

async function fetchBySglang(connection: Connection, request: PromptLogprobsRequest): Promise<PromptTokens[]> {
  const { inputs } = request
  // the first entry of what is returned may have no value
  const starts = inputs.map((_, index) => Math.max(0, (request.from?.[index] ?? 0) - 1))
  const body: RequestBody = {
    [typeof inputs[0] === 'string' ? 'text' : 'input_ids']: batchField(inputs),
    sampling_params: { max_new_tokens: 1, temperature: 0 },
    return_logprob: true,
    logprob_start_len: starts.length === 1 ? starts[0] : starts,
    ...(request.texts ? { return_text_in_logprobs: true } : {}),
  }
  const answer: unknown = await connection.postToRoot('/generate', body, request)
  const items = Array.isArray(answer) ? answer : [answer]
  return inputs.map((input, index) => {
    const meta = isRecord(items[index]) ? items[index].meta_info : undefined
    const entries = isRecord(meta) ? meta.input_token_logprobs : undefined
    if (!Array.isArray(entries)) throw noPromptLogprobs(connection, 'no input_token_logprobs came back')
    const start = starts[index] ?? 0
    const told = isRecord(meta) && typeof meta.prompt_tokens === 'number' ? meta.prompt_tokens : undefined
    const count = typeof input === 'string' ? (told ?? entries.length) : input.length
    if (entries.length + start !== count)
      throw noPromptLogprobs(connection, `it gave ${entries.length} log-probabilities for ${count - start} tokens`)
    return afterStart(readSglangTriples(entries, 'input_token_logprobs'), input, start)
  })
}

/** Puts what came from a start on into its place. */
function afterStart(part: PromptTokens & { ids: Uint32Array }, input: PromptInput, start: number): PromptTokens {
  if (start === 0 || typeof input === 'string') return part
  const logprobs = new Float32Array(input.length).fill(Number.NaN)
  logprobs.set(part.logprobs, start)
  const texts = part.texts ? { texts: [...new Array<undefined>(start).fill(undefined), ...part.texts] } : {}
  return { ids: Uint32Array.from(input), logprobs, ...texts }
}

/** SGLang's `[logprob, id, text]` triples; the text may be null. */
export function readSglangTriples(entries: readonly unknown[], name: string): PromptTokens & { ids: Uint32Array } {
  const ids = new Uint32Array(entries.length)
  const logprobs = new Float32Array(entries.length).fill(Number.NaN)
  const texts: string[] = []
  for (const [index, entry] of entries.entries()) {
    if (!Array.isArray(entry) || !Number.isInteger(entry[1]))
      throw malformed('/generate', `${name}[${index}] is no triple`)
    ids[index] = entry[1] as number
    if (typeof entry[0] === 'number') logprobs[index] = entry[0]
    if (typeof entry[2] === 'string') texts.push(entry[2])
  }
  return { ids, logprobs, ...(texts.length === entries.length ? { texts } : {}) }
}

async function fetchByEcho(connection: Connection, request: PromptLogprobsRequest): Promise<PromptTokens[]> {
  const body: RequestBody = {
    model: connection.model,
    prompt: batchField(request.inputs),
    // some servers take 0 for "no limit"
    max_tokens: 1,
    temperature: 0,
    echo: true,
    logprobs: 1,
  }
  const choices = orderedChoices(await connection.post('/completions', body, request))
  return request.inputs.map((_, index) => {
    const entries = readLogprobs(choices[index]?.logprobs)
    if (!entries) throw noPromptLogprobs(connection, 'echo gave no log-probabilities')
    return {
      texts: entries.map((entry) => entry.token),
      logprobs: Float32Array.from(entries, (entry) => entry.logprob),
      likeliest: entries.map((entry) => likeliestOf(entry)),
    }
  })
}

/** The likeliest alternative of a token. */
export function likeliestOf(entry: TokenLogprob): Likeliest | undefined {
  return (entry.top ?? []).reduce<Likeliest | undefined>(
    (best, other) => (best && best.logprob >= other.logprob ? best : other),
    undefined,
  )
}

function orderedChoices(answer: Record<string, unknown>): Record<string, unknown>[] {
  const choices = Array.isArray(answer.choices) ? answer.choices.filter(isRecord) : []
  return [...choices].sort((a, b) => Number(a.index ?? 0) - Number(b.index ?? 0))
}

/** The typed refusal for servers that give no log-probabilities of prompts. */
export function noPromptLogprobs(connection: Connection, seen: string, cause?: unknown): UnsupportedCapabilityError {
  return new UnsupportedCapabilityError({
    model: connection.model,
    capability: `score a given text: ${seen}`,
    neededBy: 'a Scorer',
    alternatives: 'use a server with prompt log-probabilities (vLLM, SGLang, lc serve) or a local model',
    cause,
  })
}

function malformed(endpoint: string, problem: string): ApiCallError {
  return new ApiCallError({ endpoint, retryable: false, problem })
}
