/**
 * @file Before the prompt log-probabilities of a server are believed they are checked against its own generation:
 * sampled tokens whose log-probabilities the server reported must come back with the same ones when prompt and answer
 * are sent as a prompt. llama-cpp-python 0.3.36, for one, returns them shifted by one position.
 */
import type { Tokenizer } from '../capability/tokenizer.ts'
import { ApiCallError } from '../errors/api-call-error.ts'
import { InvalidArgumentError } from '../errors/invalid-argument-error.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import { alignTokens } from './align-tokens.ts'
import type { Likeliest, LogprobVerdict } from './compare-logprobs.ts'
import { compareLogprobs, judgeComparison, shiftOfAlternatives } from './compare-logprobs.ts'
import type { CallLimits, Connection, RequestBody } from './connection.ts'
import type { PromptInput } from './prompt-logprobs.ts'
import { fetchPromptLogprobs, likeliestOf, noPromptLogprobs, readSglangTriples } from './prompt-logprobs.ts'
import { readIds, readLogprobs } from './read-answer.ts'
import type { DialectTraits, PromptLogprobsForm } from './server-dialect.ts'
import { isRecord } from './server-dialect.ts'

export interface PromptLogprobsCheck extends CallLimits {
  traits: DialectTraits
  tokenizer: Tokenizer | undefined
  /** Nats of mean difference that are forgiven. */
  tolerance: number
}

/** Texts whose continuations are open, so that sampled tokens have log-probabilities of all sizes. */
const probes = [
  'The train to the coast leaves at',
  'def read_lines(path):\n    """Return the lines of a file."""\n',
  'Once, in a small town by the river, there lived',
  '1. apples\n2. pears\n3.',
]
const sampledTokens = 12

/** A generated answer with the log-probabilities that the server reported. */
interface Generated {
  text: string
  logprobs: number[]
  texts: (string | undefined)[]
  likeliest: (Likeliest | undefined)[]
  promptIds?: Uint32Array | undefined
  ids?: Uint32Array | undefined
}

/**
 * Finds the form in which the server gives prompt log-probabilities that agree with its generation.
 *
 * @throws `UnsupportedCapabilityError` that says what was seen.
 */
export async function checkPromptLogprobs(
  connection: Connection,
  check: PromptLogprobsCheck,
): Promise<PromptLogprobsForm> {
  let refusal: unknown = noPromptLogprobs(connection, 'no server of its kind returns prompt log-probabilities')
  for (const form of check.traits.promptLogprobs) {
    try {
      await checkForm(connection, check, form)
      return form
    } catch (error) {
      if (!isRefusal(error)) throw error
      refusal = error
    }
  }
  if (refusal instanceof UnsupportedCapabilityError && refusal.neededBy === 'a Scorer') throw refusal
  const said = refusal instanceof ApiCallError ? (refusal.problem ?? refusal.message) : String(refusal)
  throw noPromptLogprobs(connection, `the server refused (${said.slice(0, 200)})`, refusal)
}

/** A server that answers a question of its protocol with an error says that it cannot; faults of the way do not. */
function isRefusal(error: unknown): boolean {
  if (error instanceof UnsupportedCapabilityError) return true
  if (!(error instanceof ApiCallError)) return false
  return error.status !== undefined && [400, 404, 405, 422, 500, 501].includes(error.status)
}

async function checkForm(connection: Connection, check: PromptLogprobsCheck, form: PromptLogprobsForm): Promise<void> {
  for (const probe of probes) {
    const generated = await generateProbe(connection, check, form, probe)
    if (check.tokenizer) checkTokenizer(check.tokenizer, probe, generated.promptIds)
    const verdict = await compareEcho(connection, check, form, probe, generated)
    if (verdict === 'same') return
    if (verdict !== 'inconclusive') throw noPromptLogprobs(connection, verdict.seen)
  }
  throw noPromptLogprobs(connection, 'a check of its log-probabilities against its own generation was not conclusive')
}

async function generateProbe(
  connection: Connection,
  check: PromptLogprobsCheck,
  form: PromptLogprobsForm,
  probe: string,
): Promise<Generated> {
  if (form === 'generate') return generateBySglang(connection, check, probe)
  const { topK, minP, accuracy } = check.traits
  const body: RequestBody = {
    model: connection.model,
    prompt: probe,
    max_tokens: sampledTokens,
    temperature: 1,
    top_p: 1,
    seed: 7,
    logprobs: 1,
    ...(form === 'prompt-logprobs' ? { return_token_ids: true, add_special_tokens: false } : {}),
    ...(topK ? { [topK]: check.traits.allTokens } : {}),
    ...(minP ? { [minP]: 0 } : {}),
    ...(accuracy ? { [accuracy]: 'exact' } : {}),
  }
  const answer = await connection.post('/completions', body, check)
  const choice = Array.isArray(answer.choices) && isRecord(answer.choices[0]) ? answer.choices[0] : {}
  const logprobs = readLogprobs(choice.logprobs)
  if (!logprobs || typeof choice.text !== 'string')
    throw noPromptLogprobs(connection, 'not even generated tokens come with log-probabilities')
  return {
    text: choice.text,
    logprobs: logprobs.map((entry) => entry.logprob),
    texts: logprobs.map((entry) => entry.token),
    likeliest: logprobs.map((entry) => likeliestOf(entry)),
    promptIds: readIds(choice.prompt_token_ids),
    ids: readIds(choice.token_ids),
  }
}

async function generateBySglang(connection: Connection, check: PromptLogprobsCheck, probe: string): Promise<Generated> {
  const body: RequestBody = {
    text: probe,
    sampling_params: { max_new_tokens: sampledTokens, temperature: 1, top_p: 1, top_k: -1, min_p: 0 },
    return_logprob: true,
    logprob_start_len: 0,
  }
  const answer = await connection.postToRoot('/generate', body, check)
  const meta = isRecord(answer.meta_info) ? answer.meta_info : {}
  if (!Array.isArray(meta.output_token_logprobs) || !Array.isArray(meta.input_token_logprobs))
    throw noPromptLogprobs(connection, 'no input_token_logprobs came back')
  const output = readSglangTriples(meta.output_token_logprobs, 'output_token_logprobs')
  return {
    text: typeof answer.text === 'string' ? answer.text : '',
    logprobs: Array.from(output.logprobs),
    texts: output.texts ?? [],
    likeliest: [],
    promptIds: readSglangTriples(meta.input_token_logprobs, 'input_token_logprobs').ids,
    ids: output.ids,
  }
}

/** Sends prompt and answer as a prompt, by ids where they are known, and compares. */
async function compareEcho(
  connection: Connection,
  check: PromptLogprobsCheck,
  form: PromptLogprobsForm,
  probe: string,
  generated: Generated,
): Promise<LogprobVerdict> {
  const { promptIds, ids } = generated
  const byIds = promptIds !== undefined && ids !== undefined && ids.length > 0
  const input: PromptInput = byIds ? [...promptIds, ...ids] : probe + generated.text
  const [echo] = await fetchPromptLogprobs(connection, {
    form,
    traits: check.traits,
    inputs: [input],
    texts: !byIds,
    signal: check.signal,
    timeoutMs: check.timeoutMs,
  })
  if (!echo) return { seen: 'nothing came back' }
  if (byIds) {
    if (echo.logprobs.length !== input.length)
      return { seen: `it gave ${echo.logprobs.length} log-probabilities for ${input.length} tokens` }
    return judgeComparison(
      compareLogprobs(generated.logprobs.slice(0, ids.length), echo.logprobs, promptIds.length),
      check.tolerance,
    )
  }
  const located = locate(probe, generated, echo.texts ?? [])
  if (located === undefined) return 'inconclusive'
  const { start, logprobs } = located
  const verdict = judgeComparison(compareLogprobs(logprobs, echo.logprobs, start), check.tolerance)
  const shift = shiftOfAlternatives(generated.likeliest, echo.likeliest ?? [], start, check.tolerance)
  if (verdict === 'same' || shift === undefined) return verdict
  const place = shift === 'earlier' ? 'next' : 'previous'
  return {
    seen: `its log-probabilities of a given text are shifted by one position: it gives each token the distribution of the ${place} one`,
  }
}

/** Where the generated tokens stand in the echo; undefined when the server tokenised the whole text differently. */
function locate(
  probe: string,
  generated: Generated,
  echoed: readonly (string | undefined)[],
): { start: number; logprobs: number[] } | undefined {
  const alignment = alignTokens(probe + generated.text, echoed)
  if (!alignment) return undefined
  const start = alignment.spans.findIndex((span) => span.start >= probe.length && span.end > span.start)
  if (start < 0) return undefined
  // the end token stands for no text and is not echoed
  const texts = generated.texts.filter((text, index) => text !== '' || index < alignment.covered - start)
  const count = Math.min(texts.length, alignment.covered - start)
  if (count < 2) return undefined
  for (let index = 0; index < count; index++) if (echoed[start + index] !== generated.texts[index]) return undefined
  return { start, logprobs: generated.logprobs.slice(0, count) }
}

/** The tokenizer that was passed must split the probe as the server does; a begin token of the server's is its own. */
function checkTokenizer(tokenizer: Tokenizer, probe: string, promptIds: Uint32Array | undefined): void {
  if (!promptIds) return
  const own = tokenizer.encode(probe).ids
  const server = promptIds.subarray(Math.max(0, promptIds.length - own.length))
  if (promptIds.length - own.length <= 1 && own.every((id, index) => id === server[index])) return
  throw new InvalidArgumentError({
    argument: 'tokenizer',
    received: tokenizer.id,
    allowed: `the tokenizer of the served model (the server splits a text into ${promptIds.length} tokens [${promptIds.subarray(0, 4)}...], this one into ${own.length} [${own.subarray(0, 4)}...])`,
  })
}
