/** @file Texts to vectors by a local encoder, as its sentence-transformers settings say. */
import type { Accuracy, Embedder, EmbedOptions } from '@lc/model'
import { checkArgument, checkOneOf } from '@lc/model/check'
import { asyncDispose } from '@lc/model/dispose'
import type { EncoderRow } from '../../models/encoder/encoder-feeds.ts'
import type { LocalTokenizer } from '../../tokenizer/local-tokenizer.ts'
import type { EncoderRunner } from './encoder-runner.ts'
import { type SpecialFrame, specialFrame } from './special-frame.ts'

/** How an embedder treats texts and vectors. */
export interface EmbedderSettings {
  /** Put before texts, by kind. */
  readonly prompts: { readonly query: string; readonly document: string }
  /** Longest input in tokens with the special ones; what is beyond is cut off. */
  readonly maxLength: number
  readonly lowerCase: boolean
  /** Whether vectors are scaled to length 1. */
  readonly normalise: boolean
}

/** What a `LocalEmbedder` is made of. */
export interface LocalEmbedderFields {
  readonly id: string
  readonly tokenizer: LocalTokenizer
  readonly runner: EncoderRunner
  readonly settings: EmbedderSettings
}

/** A local encoder as an `Embedder`. Holds native memory: `close` it. */
export class LocalEmbedder implements Embedder {
  readonly kind = 'embedder'
  readonly id: string
  readonly dimensions: number
  readonly tokenizer: LocalTokenizer
  readonly settings: EmbedderSettings
  /** Longest input in tokens, special ones included; longer texts are cut. */
  readonly contextLength: number
  readonly #runner: EncoderRunner
  readonly #frame: SpecialFrame

  constructor(fields: LocalEmbedderFields) {
    this.id = fields.id
    this.tokenizer = fields.tokenizer
    this.settings = fields.settings
    this.dimensions = fields.runner.config.hiddenSize
    this.contextLength = fields.settings.maxLength
    this.#runner = fields.runner
    this.#frame = specialFrame(fields.tokenizer)
  }

  /** The accuracy that is used. */
  get accuracy(): Accuracy {
    return this.#runner.accuracy
  }

  get closed(): boolean {
    return this.#runner.closed
  }

  /**
   * One vector a text, `[dimensions]`; with `output: 'tokens'` one for each of the text's own tokens, `[T * dimensions]`: not for
   * special tokens, nor for those of a prompt. Token vectors are never normalised.
   */
  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    const kind = checkOneOf(options.kind ?? 'document', 'kind', ['query', 'document'])
    const output = checkOneOf(options.output ?? 'pooled', 'output', ['pooled', 'tokens'])
    options.signal?.throwIfAborted()
    const prompt = this.settings.prompts[kind]
    const prepared = texts.map((text) => this.#prepare(text, prompt))
    const vectors = new Array<Float32Array>(texts.length)
    const fetched = output === 'pooled' ? 'pooled' : 'states'
    await this.#runner.run(
      prepared.map((text) => text.row),
      [fetched],
      { ...options, operation: 'embed' },
      ({ index, outputs }) => {
        const values = outputs[fetched]!
        if (output === 'tokens') vectors[index] = this.#ownTokens(values, prepared[index]!)
        else vectors[index] = this.settings.normalise ? normalised(values) : values
      },
    )
    return vectors
  }

  /** Frees the model when no call is in flight. Idempotent. */
  close(): Promise<void> {
    return this.#runner.close()
  }

  [asyncDispose](): Promise<void> {
    return this.close()
  }

  #prepare(text: string, prompt: string): { row: EncoderRow; from: number; to: number } {
    checkArgument(typeof text === 'string', 'texts', text, 'strings')
    const full = this.settings.lowerCase ? (prompt + text).toLowerCase() : prompt + text
    const { ids, spans } = this.tokenizer.encode(full, { special: 'model' })
    const { before, after } = this.#frame
    const length = Math.min(ids.length, this.contextLength)
    const cut = ids.slice(0, length)
    // what is cut off is the end of the text, not the tokens after it
    if (length < ids.length) cut.set(after, length - after.length)
    const to = length - after.length
    let from = before.length
    while (from < to && spans[from]!.end <= prompt.length) from += 1
    return { row: { ids: cut }, from: prompt === '' ? before.length : from, to }
  }

  #ownTokens(states: Float32Array, text: { from: number; to: number }): Float32Array {
    return states.slice(text.from * this.dimensions, text.to * this.dimensions)
  }
}

/** The vector at length 1; a vector of zeros stays. */
function normalised(vector: Float32Array): Float32Array {
  let sum = 0
  for (const value of vector) sum += value * value
  const scale = 1 / Math.max(Math.sqrt(sum), 1e-12)
  return vector.map((value) => value * scale)
}
