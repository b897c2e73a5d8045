import type { Accuracy, ClassifyOptions, Span, TextOrIds, TokenClassification, TokenClassifier } from '@lc/model'
import { asyncDispose } from '@lc/model/dispose'
import { ContextLengthError } from '@lc/model/errors'
import type { LocalTokenizer } from '../../tokenizer/local-tokenizer.ts'
import type { EncoderRunner } from './encoder-runner.ts'
import { spansOfIds } from './spans-of-ids.ts'
import { frameIds, type SpecialFrame, specialFrame } from './special-frame.ts'

const noFrame: SpecialFrame = { before: new Uint32Array(), after: new Uint32Array() }

/** What a `LocalTokenClassifier` is made of. */
export interface LocalTokenClassifierFields {
  readonly id: string
  readonly tokenizer: LocalTokenizer
  readonly runner: EncoderRunner
}

/** A local encoder with a token classification head. Holds native memory: `close` it. */
export class LocalTokenClassifier implements TokenClassifier {
  readonly kind = 'token-classifier'
  readonly id: string
  readonly tokenizer: LocalTokenizer
  readonly labels: readonly string[]
  /** The longest text in tokens, the special ones around it not counted. */
  readonly contextLength: number
  readonly #runner: EncoderRunner
  readonly #frame: SpecialFrame

  constructor(fields: LocalTokenClassifierFields) {
    this.id = fields.id
    this.tokenizer = fields.tokenizer
    this.labels = fields.runner.config.labels
    this.#runner = fields.runner
    this.#frame = specialFrame(fields.tokenizer)
    this.contextLength = fields.runner.config.contextLength - this.#frame.before.length - this.#frame.after.length
  }

  /** The accuracy that is used. */
  get accuracy(): Accuracy {
    return this.#runner.accuracy
  }

  get closed(): boolean {
    return this.#runner.closed
  }

  /**
   * A row of logits for each token of each text. The model reads the special tokens around a text too; they are not in the result.
   *
   * @throws ContextLengthError for a text of more tokens than `contextLength`.
   */
  async classify(texts: readonly TextOrIds[], options: ClassifyOptions = {}): Promise<TokenClassification[]> {
    options.signal?.throwIfAborted()
    const frame = options.special === 'none' ? noFrame : this.#frame
    const room = this.contextLength + this.#frame.before.length + this.#frame.after.length
    const limit = room - frame.before.length - frame.after.length
    const encoded = texts.map((text) => this.#encode(text, limit))
    const results = new Array<TokenClassification>(texts.length)
    const rows = encoded.map(({ ids }) => ({ ids: frameIds(frame, ids) }))
    await this.#runner.run(rows, ['logits'], { ...options, operation: 'classify' }, ({ index, outputs }) => {
      const { ids, spans } = encoded[index]!
      const start = frame.before.length * this.labels.length
      const logits = outputs.logits!.slice(start, start + ids.length * this.labels.length)
      results[index] = { ids, spans, logits }
    })
    return results
  }

  /** Frees the model when no call is in flight. Idempotent. */
  close(): Promise<void> {
    return this.#runner.close()
  }

  [asyncDispose](): Promise<void> {
    return this.close()
  }

  #encode(text: TextOrIds, limit: number): { ids: Uint32Array; spans: Span[] } {
    const encoding =
      typeof text === 'string' ? this.tokenizer.encode(text) : spansOfIds(this.tokenizer, Uint32Array.from(text))
    if (encoding.ids.length > limit)
      throw new ContextLengthError({ tokens: encoding.ids.length, limit, model: this.id })
    return encoding
  }
}
