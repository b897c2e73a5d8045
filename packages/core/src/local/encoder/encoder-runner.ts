/** @file Runs an encoder over many texts: batches by length, one program, aborts between batches, closes when idle. */
import type { CallOptions } from '@lc/model'
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

/** What a runner is made of. */
export interface EncoderRunnerFields {
  readonly name: string
  readonly config: EncoderConfig
  readonly program: Program
  /** Frees what the runner was given, after the program. */
  readonly release: () => Promise<void>
}

// 2^24 pairs are 64 MiB a head in float32
const maxPairsPerHead = 2 ** 24
const maxTokens = 4096

/** One compiled encoder. */
export class EncoderRunner {
  readonly config: EncoderConfig
  readonly #program: Program
  readonly #guard: DisposeGuard
  readonly #limits: BatchLimits

  constructor(fields: EncoderRunnerFields) {
    this.config = fields.config
    this.#program = fields.program
    this.#limits = { maxTokens, maxPairs: Math.ceil(maxPairsPerHead / fields.config.headCount) * 4 }
    this.#guard = new DisposeGuard(`the model ${fields.name}`, async () => {
      await fields.program.close()
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

  /** Frees the program when no run is in flight. Idempotent. */
  close(): Promise<void> {
    return this.#guard.close()
  }

  async #runBatch(
    rows: readonly EncoderRow[],
    batch: readonly number[],
    fetches: readonly string[],
    use: (text: EncodedText) => void,
  ): Promise<void> {
    const feeds = encoderFeeds(
      this.config,
      batch.map((index) => rows[index]!),
    )
    const results = await this.#program.run(feeds, fetches)
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
