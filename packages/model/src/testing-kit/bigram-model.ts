/**
 * @file A real language model that is small enough to check by hand: the next token depends on the last one only, with
 * probabilities counted in a training text. Exact, deterministic, instant; made for tests of everything above models.
 */
import { cancelOnBreak } from '../abort/cancel-on-break.ts'
import { mergeSignals } from '../abort/merge-signals.ts'
import { sleep } from '../abort/sleep.ts'
import type {
  Choice,
  FinishReason,
  GenerateRequest,
  GenerateResult,
  LanguageModel,
  StreamPart,
  TokenLogprob,
} from '../capability/language-model.ts'
import type { Message } from '../capability/message.ts'
import type {
  PrepareOptions,
  ScoreOptions,
  ScoreRequest,
  ScoreResult,
  Scorer,
  TextOrIds,
} from '../capability/scorer.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'
import { ContextLengthError } from '../errors/context-length-error.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import { seededRandom } from '../stage/seeded-random.ts'
import { StopFilter } from '../text/stop-filter.ts'
import { BigramCounts } from './bigram-counts.ts'
import { idsOf, KeptIds } from './kept-ids.ts'
import { chooseToken, penalise } from './sampling.ts'
import { scoreRequest } from './score-request.ts'
import { type WordTokenizer, wordTokenizer } from './word-tokenizer.ts'

/** Options of `BigramModel`. */
export interface BigramModelOptions {
  /** Defaults to `bigram`. */
  id?: string
  /** Prompt plus output, in tokens. Defaults to 4096. */
  contextLength?: number
}

const endToken = '<end>'
/** Tokens after which other work of the process gets a turn, so that an abort can arrive. */
const tokensPerTurn = 16

/** A bigram model of a training text; a list of texts is a list of documents, each with an end. */
export class BigramModel implements LanguageModel, Scorer {
  readonly id: string
  readonly contextLength: number
  readonly tokenizer: WordTokenizer
  readonly #counts: BigramCounts
  readonly #endId: number

  constructor(training: string | readonly string[], options: BigramModelOptions = {}) {
    this.id = options.id ?? 'bigram'
    this.contextLength = checkInteger(options.contextLength ?? 4096, 'contextLength', { min: 1 })
    const documents = typeof training === 'string' ? [training] : training
    this.tokenizer = wordTokenizer(documents.join('\n'), { special: [endToken] })
    this.#endId = this.tokenizer.vocabularySize - 1
    this.#counts = new BigramCounts(
      documents.map((text) => [...this.tokenizer.encode(text).ids, this.#endId]),
      this.tokenizer.vocabularySize,
    )
  }

  /** ln P(. | the last of the given ids), `[V]`: what every other number of this model follows from. */
  nextLogprobs(ids: ArrayLike<number>): Float64Array {
    return this.#counts.logprobs(ids.length === 0 ? undefined : ids[ids.length - 1])
  }

  async score(requests: readonly ScoreRequest[], options: ScoreOptions = {}): Promise<ScoreResult[]> {
    if (options.policy !== undefined)
      throw new UnsupportedCapabilityError({ model: this.id, capability: 'use a cache policy' })
    const results: ScoreResult[] = []
    for (const [index, request] of requests.entries()) {
      options.signal?.throwIfAborted()
      if (index % tokensPerTurn === tokensPerTurn - 1) await sleep(0, options.signal)
      results.push(this.#scoreOne(request))
      options.onProgress?.({
        type: 'progress',
        operation: 'score',
        done: index + 1,
        total: requests.length,
        unit: 'requests',
      })
    }
    return results
  }

  #scoreOne(request: ScoreRequest): ScoreResult {
    const { before, ids, spans } = scoreRequest(this.tokenizer, request)
    this.#checkLength(before.length + ids.length)
    const logprobs = Float32Array.from(ids, (id, index) => {
      const previous = index === 0 ? before.at(-1) : ids[index - 1]
      return previous === undefined ? Number.NaN : this.#counts.logprob(previous, id)
    })
    return { ids, spans, logprobs, accuracy: 'exact' }
  }

  async prepare(context: TextOrIds | Uint8Array, options: PrepareOptions = {}): Promise<KeptIds> {
    options.signal?.throwIfAborted()
    if (context instanceof Uint8Array) return KeptIds.restore(this.tokenizer, context)
    const ids = idsOf(this.tokenizer, context)
    this.#checkLength(ids.length)
    return new KeptIds(this.tokenizer, ids)
  }

  async generate(request: GenerateRequest): Promise<GenerateResult> {
    const { n = 1 } = request
    checkInteger(n, 'n', { min: 1 })
    const choices: Choice[] = []
    let promptTokens = 0
    let completionTokens = 0
    for (let index = 0; index < n; index++) {
      const choice: Choice = { text: '', finishReason: 'other' }
      const ids: number[] = []
      const { n: _, ...single } = request
      for await (const part of this.stream({ ...single, seed: (request.seed ?? 0) + index })) {
        if (part.type === 'text-delta') {
          choice.text += part.text
          if (part.id !== undefined) ids.push(part.id)
          if (part.logprob) choice.logprobs = [...(choice.logprobs ?? []), part.logprob]
        } else if (part.type === 'finish') {
          choice.finishReason = part.finishReason
          promptTokens = part.usage.promptTokens
          completionTokens += part.usage.completionTokens
        }
      }
      choices.push({ ...choice, ids: Uint32Array.from(ids) })
    }
    const usage = { promptTokens, completionTokens }
    return { ...choices[0]!, usage, accuracy: 'exact', ...(n > 1 ? { choices } : {}) }
  }

  async *stream(request: GenerateRequest): AsyncGenerator<StreamPart, void, undefined> {
    const merged = mergeSignals({ signals: [request.signal], timeoutMs: request.timeoutMs, operation: 'generation' })
    try {
      yield* cancelOnBreak(merged.signal, (signal) => this.#streamParts(request, signal))
    } finally {
      merged.release()
    }
  }

  async *#streamParts(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<StreamPart> {
    this.#refuseUnsupported(request)
    const promptIds = Array.from(this.tokenizer.encode(promptOf(request)).ids)
    this.#checkLength(promptIds.length + 1)
    const room = this.contextLength - promptIds.length
    const maxTokens = Math.min(room, checkInteger(request.maxTokens ?? Math.min(room, 1024), 'maxTokens', { min: 1 }))
    const random = seededRandom(request.seed ?? 0)
    const filter = new StopFilter(request.stop ?? [])
    const output: number[] = []
    let undecoded: number[] = []
    let finishReason: FinishReason = 'length'
    while (output.length < maxTokens && finishReason === 'length') {
      if (output.length % tokensPerTurn === tokensPerTurn - 1) await sleep(0)
      signal.throwIfAborted()
      const logprobs = this.nextLogprobs([output.at(-1) ?? promptIds.at(-1) ?? this.#endId])
      const id = chooseToken(penalise(logprobs, promptIds, output, request), request, random)
      if (id === this.#endId) {
        finishReason = 'stop'
        break
      }
      output.push(id)
      undecoded.push(id)
      let text = this.tokenizer.decode(undecoded)
      // bytes of a character that is not complete yet wait for the rest
      if (text.endsWith('\ufffd')) text = ''
      else undecoded = []
      const passed = filter.push(text)
      if (passed.stopped) finishReason = 'stop'
      yield { type: 'text-delta', text: passed.text, id, ...this.#reportLogprob(logprobs, id, request.logprobs) }
      if (passed.stopped) yield finish('stop', promptIds.length, output.length)
      if (passed.stopped) return
    }
    const last = filter.push(this.tokenizer.decode(undecoded))
    const rest = last.stopped ? last.text : last.text + filter.flush()
    if (rest !== '') yield { type: 'text-delta', text: rest }
    yield finish(finishReason, promptIds.length, output.length)
  }

  #reportLogprob(logprobs: Float64Array, id: number, topCount: number | undefined): { logprob?: TokenLogprob } {
    if (topCount === undefined) return {}
    const describe = (each: number) => ({
      token: this.tokenizer.decode([each], { special: 'keep' }),
      id: each,
      logprob: logprobs[each]!,
    })
    const order = Array.from(logprobs.keys()).sort((a, b) => logprobs[b]! - logprobs[a]! || a - b)
    return { logprob: { ...describe(id), ...(topCount > 0 ? { top: order.slice(0, topCount).map(describe) } : {}) } }
  }

  #refuseUnsupported(request: GenerateRequest): void {
    const refused = [
      [request.tools !== undefined && request.tools.length > 0 && request.toolChoice !== 'none', 'call tools'],
      [request.responseSchema !== undefined, 'keep to a response schema'],
      [request.policy !== undefined, 'use a cache policy'],
      [request.n !== undefined && request.n > 1, 'stream several answers at once'],
    ] as const
    for (const [asked, capability] of refused)
      if (asked) throw new UnsupportedCapabilityError({ model: this.id, capability })
  }

  #checkLength(tokens: number): void {
    if (tokens > this.contextLength) throw new ContextLengthError({ tokens, limit: this.contextLength, model: this.id })
  }
}

function finish(finishReason: FinishReason, promptTokens: number, completionTokens: number): StreamPart {
  return { type: 'finish', finishReason, usage: { promptTokens, completionTokens }, accuracy: 'exact' }
}

/** The text that the model continues: the prompt, or the chat in a plain layout. */
function promptOf(request: GenerateRequest): string {
  const { messages, prompt, continueFinalMessage = false } = request
  checkArgument(
    (messages === undefined) !== (prompt === undefined),
    'request',
    request,
    'a request with exactly one of messages and prompt',
  )
  if (prompt !== undefined) return prompt
  const all = messages as readonly Message[]
  const last = all.at(-1)
  checkArgument(
    !continueFinalMessage || last?.role === 'assistant',
    'continueFinalMessage',
    continueFinalMessage,
    "false unless the last message is the assistant's",
  )
  const closed = continueFinalMessage ? all.slice(0, -1) : all
  const history = closed.map((message) => `${message.role}: ${message.content}\n`).join('')
  return `${history}assistant:${continueFinalMessage && last ? ` ${last.content}` : ''}`
}
