import type { FinishReason, GenerateRequest, StreamPart } from '@lc/model'
import type { GeneratedToken } from '../../generate/generate-tokens.ts'
import type { GenerationSettings } from '../../generate/generation-settings.ts'
import { StopFilter } from '../../generate/stop-filter.ts'
import { parseToolCalls, toolCallMarkers } from '../../generate/tool-calls.ts'
import type { LocalTokenizer, StreamDecoder } from '../../tokenizer/local-tokenizer.ts'

/** A part of an answer: those of a stream, with the ids at the end. */
export type AnswerPart =
  | Extract<StreamPart, { type: 'text-delta' | 'tool-call' }>
  | { type: 'finish'; finishReason: FinishReason; ids: readonly number[] }

/** Turns tokens into text parts: whole characters, before stop strings, with tool calls taken out. */
export class AnswerText {
  readonly #request: Pick<GenerateRequest, 'tools' | 'toolChoice'>
  readonly #decoder: StreamDecoder
  readonly #stops: StopFilter
  readonly #markers: StopFilter
  readonly #usesTools: boolean
  readonly #ids: number[] = []
  #held = ''
  #holding = false
  #begun = false

  constructor(fields: {
    request: Pick<GenerateRequest, 'tools' | 'toolChoice'>
    settings: GenerationSettings
    tokenizer: LocalTokenizer
  }) {
    this.#request = fields.request
    this.#usesTools = (fields.request.tools?.length ?? 0) > 0 && fields.request.toolChoice !== 'none'
    // markers of tool calls may be special tokens
    this.#decoder = fields.tokenizer.streamDecoder({ special: this.#usesTools ? 'keep' : 'drop' })
    this.#stops = new StopFilter(fields.settings.stop)
    this.#markers = new StopFilter(this.#usesTools ? toolCallMarkers : [])
  }

  /** Whether a stop string has come. */
  get stopped(): boolean {
    return this.#stops.stopped
  }

  /** Tokens of the answer so far. */
  get ids(): readonly number[] {
    return this.#ids
  }

  *push(token: GeneratedToken): Generator<AnswerPart> {
    const released = this.#stops.push(this.#decoder.push(token.id))
    // the token that completes a stop string belongs to the answer only if some of its text does
    if (!this.stopped || released !== '') this.#ids.push(token.id)
    else return
    const text = this.#withoutToolCalls(released)
    if (text === '' && token.logprob === undefined) return
    yield { type: 'text-delta', text, id: token.id, ...(token.logprob && { logprob: token.logprob }) }
  }

  *end(reason: 'stop' | 'length'): Generator<AnswerPart> {
    const rest = this.#stops.push(this.#decoder.end()) + this.#stops.end()
    const text = this.#withoutToolCalls(rest) + (this.#holding ? '' : this.#markers.end())
    if (text !== '') yield { type: 'text-delta', text }
    const finishReason = yield* this.#toolCalls(reason)
    yield { type: 'finish', finishReason, ids: this.#ids }
  }

  /** Text up to what may be a tool call; the rest is held until the end. */
  #withoutToolCalls(text: string): string {
    if (!this.#usesTools || text === '') return text
    if (this.#holding) {
      this.#held += text
      return ''
    }
    if (!this.#begun && /^\s*[[{]/.test(text)) return this.#hold(text, '')
    if (text.trim() !== '') this.#begun = true
    const released = this.#markers.push(text)
    return this.#markers.stopped ? this.#hold(this.#markers.taken, released) : released
  }

  #hold(text: string, released: string): string {
    this.#holding = true
    this.#held += text
    return released
  }

  *#toolCalls(reason: 'stop' | 'length'): Generator<AnswerPart, FinishReason> {
    if (!this.#holding) return reason
    const prefix = `call-${this.#ids.length}`
    let count = 0
    const { text, calls } = parseToolCalls(this.#held, this.#request.tools ?? [], () => `${prefix}-${count++}`)
    if (text !== '') yield { type: 'text-delta', text }
    for (const toolCall of calls) yield { type: 'tool-call', toolCall }
    return calls.length > 0 ? 'tool-calls' : reason
  }
}
