import type { Accuracy, CallOptions, Reranker } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import { asyncDispose } from '@lc/model/dispose'
import { ContextLengthError, UnsupportedCapabilityError } from '@lc/model/errors'
import type { EncoderRow } from '../../models/encoder/encoder-feeds.ts'
import type { LocalTokenizer } from '../../tokenizer/local-tokenizer.ts'
import type { EncoderRunner } from './encoder-runner.ts'

/** What a `LocalReranker` is made of. */
export interface LocalRerankerFields {
  readonly id: string
  readonly tokenizer: LocalTokenizer
  readonly runner: EncoderRunner
}

/**
 * A local encoder with a sequence classification head: a cross-encoder that reads query and text together. Holds native memory: `close`
 * it.
 */
export class LocalReranker implements Reranker {
  readonly kind = 'reranker'
  readonly id: string
  readonly tokenizer: LocalTokenizer
  /** Names of the outputs of the head. */
  readonly labels: readonly string[]
  /** Longest pair in tokens; the text's end is cut where it is longer. */
  readonly contextLength: number
  readonly #runner: EncoderRunner

  constructor(fields: LocalRerankerFields) {
    this.id = fields.id
    this.tokenizer = fields.tokenizer
    this.labels = fields.runner.config.labels
    this.contextLength = fields.runner.config.contextLength
    this.#runner = fields.runner
  }

  /** The accuracy that is used. */
  get accuracy(): Accuracy {
    return this.#runner.accuracy
  }

  get closed(): boolean {
    return this.#runner.closed
  }

  /**
   * The logit of each text's relevance, before any sigmoid; higher is better.
   *
   * @throws UnsupportedCapabilityError for a head of several labels, which says of none that it is relevance: see `logits`.
   */
  async rank(query: string, texts: readonly string[], options: CallOptions = {}): Promise<Float32Array> {
    if (this.labels.length !== 1)
      throw new UnsupportedCapabilityError({
        model: this.id,
        capability: `rank: its head has the labels ${this.labels.join(', ')}`,
        alternatives: 'take their logits from logits()',
      })
    const rows = await this.logits(
      texts.map((text) => [query, text] as const),
      options,
    )
    return Float32Array.from(rows, (row) => row[0]!)
  }

  /**
   * The head's logits, `[labels]`, for each text alone or pair of texts.
   *
   * @throws ContextLengthError where a text alone, or the first of a pair, does not fit.
   */
  async logits(
    inputs: readonly (string | readonly [string, string])[],
    options: CallOptions = {},
  ): Promise<Float32Array[]> {
    options.signal?.throwIfAborted()
    const rows = inputs.map((input) => this.#prepare(input))
    const results = new Array<Float32Array>(inputs.length)
    await this.#runner.run(rows, ['logits'], { ...options, operation: 'rank' }, ({ index, outputs }) => {
      results[index] = outputs.logits!
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

  #prepare(input: string | readonly [string, string]): EncoderRow {
    if (typeof input === 'string') {
      const { ids } = this.tokenizer.encode(input, { special: 'model' })
      if (ids.length > this.contextLength) throw this.#tooLong(ids.length)
      return { ids }
    }
    const [first, second] = input
    checkArgument(typeof first === 'string' && typeof second === 'string', 'texts', input, 'strings')
    const { ids, typeIds, sequence } = this.tokenizer.encodePair(first, second)
    const excess = ids.length - this.contextLength
    if (excess <= 0) return { ids, types: typeIds }
    const end = sequence.lastIndexOf(1) + 1
    const start = sequence.indexOf(1)
    if (start < 0 || end - start < excess) throw this.#tooLong(ids.length)
    const kept = (values: Uint32Array | Uint8Array): number[] => [
      ...values.subarray(0, end - excess),
      ...values.subarray(end),
    ]
    return { ids: kept(ids), types: kept(typeIds) }
  }

  #tooLong(tokens: number): ContextLengthError {
    return new ContextLengthError({ tokens, limit: this.contextLength, model: this.id })
  }
}
