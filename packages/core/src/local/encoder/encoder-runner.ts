/** @file Runs an encoder over many texts: batches by length, one program, aborts between batches, closes when idle. */
import type { Accuracy, CallOptions } from '@lc/model'
import { DisposeGuard } from '@lc/model/dispose'
import type { EncoderConfig } from '../../models/encoder/encoder-config.ts'
import { type EncoderRow, encoderFeeds } from '../../models/encoder/encoder-feeds.ts'
import type { Program } from '../../runtime/program.ts'
import { type BatchLimits, planBatches } from './plan-batches.ts'

/** The outputs of one text. */
export interface EncodedText {
  /** Place of the text in the order given. */
  readonly index: number
  /** One array an output: [T, size] of its own tokens, or [size] for outputs of the whole text. */
  readonly outputs: Readonly<Record<string, Float32Array>>
}

/** Whether a graph takes texts of any lengths, or of one. */
export type Padding = 'masked' | 'none'

/** What a runner is made of. */
export interface EncoderRunnerFields {
  readonly name: string
  readonly config: EncoderConfig
  readonly accuracy: Accuracy
  /** Compiles the graph with or without a mask; each is asked for once, when it is first needed. */
  readonly compile: (padding: Padding) => Promise<Program>
  /** Frees what the runner was given, after the programs. */
  readonly release: () => Promise<void>
}

// 2^24 pairs are 64 MiB a head in float32
const maxPairsPerHead = 2 ** 24
const maxTokens = 4096
// from here on attention without a mask saves more than a batch of several lengths gains
const longText = 384

/** An encoder on a device. */
export class EncoderRunner {
  readonly config: EncoderConfig
  readonly accuracy: Accuracy
  readonly #compile: (padding: Padding) => Promise<Program>
  readonly #programs = new Map<Padding, Promise<Program>>()
  readonly #guard: DisposeGuard
  readonly #limits: BatchLimits

  constructor(fields: EncoderRunnerFields) {
    this.config = fields.config
    this.accuracy = fields.accuracy
    this.#compile = fields.compile
    const maxPairs = Math.ceil(maxPairsPerHead / fields.config.headCount) * 4
    this.#limits = { maxTokens, maxPairs, neverPadFrom: longText }
    this.#guard = new DisposeGuard(`the model ${fields.name}`, async () => {
      for (const program of this.#programs.values()) await (await program).close()
      await fields.release()
    })
  }

  get closed(): boolean {
    return this.#guard.closed
  }

  /**
   * Runs all rows and hands each result on as it comes, in the order of the batches. Progress counts texts.
   *
   * @throws DisposedError after `close`; the reason of the signal between two batches.
   */
  run(
    rows: readonly EncoderRow[],
    fetches: readonly string[],
    options: CallOptions & { readonly operation: string },
    use: (text: EncodedText) => void,
  ): Promise<void> {
    return this.#guard.use(async () => {
      options.signal?.throwIfAborted()
      let done = 0
      const lengths = rows.map((row) => row.ids.length)
      for (const batch of planBatches(lengths, this.#limits)) {
        options.signal?.throwIfAborted()
        await this.#runBatch(rows, batch, fetches, use)
        done += batch.length
        options.onProgress?.({
          type: 'progress',
          operation: options.operation,
          done,
          total: rows.length,
          unit: 'passages',
        })
      }
    })
  }

  /** Compiles the program for texts of any lengths, so that the first call does not wait for it. */
  prepare(): Promise<void> {
    return this.#guard.use(async () => {
      await this.#program('masked')
    })
  }

  /** Frees the programs when no run is in flight. Idempotent. */
  close(): Promise<void> {
    return this.#guard.close()
  }

  #program(padding: Padding): Promise<Program> {
    const known = this.#programs.get(padding)
    if (known) return known
    const made = this.#compile(padding)
    this.#programs.set(padding, made)
    // a failed compilation is tried again next time
    made.catch(() => this.#programs.delete(padding))
    return made
  }

  async #runBatch(
    rows: readonly EncoderRow[],
    batch: readonly number[],
    fetches: readonly string[],
    use: (text: EncodedText) => void,
  ): Promise<void> {
    const inputs = batch.map((index) => rows[index]!)
    const padding = inputs[0]!.ids.length >= longText ? 'none' : 'masked'
    const program = await this.#program(padding)
    const results = await program.run(encoderFeeds(this.config, inputs, padding), fetches)
    for (const [place, index] of batch.entries()) {
      const tokens = rows[index]!.ids.length
      const outputs: Record<string, Float32Array> = {}
      for (const name of fetches) {
        const { data, shape } = results[name]!
        const stride = data.length / batch.length
        const size = shape.length === 3 ? tokens * shape[2]! : stride
        outputs[name] = (data as Float32Array).slice(place * stride, place * stride + size)
      }
      use({ index, outputs })
    }
  }
}
