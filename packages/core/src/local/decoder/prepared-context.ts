import type { Accuracy, CallOptions, PreparedContext, TextOrIds } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import { asyncDispose, DisposeGuard } from '@lc/model/dispose'
import type { DecoderRunner } from '../../cache/decoder-runner.ts'
import { feedTokens } from '../../cache/feed-tokens.ts'
import type { KvCache } from '../../cache/kv-cache.ts'
import { saveCache } from '../../cache/serialise-cache.ts'
import { SerialQueue } from '../../runtime/serial-queue.ts'

/** What prepared contexts need of their model. */
export interface PreparedContextHost {
  readonly runner: DecoderRunner
  readonly modelHash: string
  idsOf(input: TextOrIds): Uint32Array
  /** @throws ContextLengthError for more tokens than the model takes. */
  checkLength(tokens: number): void
  /** Keeps the model open while work runs. */
  use<T>(work: () => Promise<T>): Promise<T>
}

/** Fields of a prepared context. */
export interface PreparedContextFields {
  readonly host: PreparedContextHost
  readonly cache: KvCache
  readonly ids: readonly number[]
  readonly accuracy: Accuracy
  /** The length that rotary frequencies are chosen for. */
  readonly plannedLength: number
}

/** A prefix whose keys and values are kept. */
export class LocalPreparedContext implements PreparedContext {
  readonly accuracy: Accuracy
  readonly plannedLength: number
  readonly #host: PreparedContextHost
  readonly #cache: KvCache
  readonly #queue = new SerialQueue()
  readonly #guard: DisposeGuard
  #ids: number[]

  constructor(fields: PreparedContextFields) {
    this.accuracy = fields.accuracy
    this.plannedLength = fields.plannedLength
    this.#host = fields.host
    this.#cache = fields.cache
    this.#ids = [...fields.ids]
    this.#guard = new DisposeGuard('the prepared context', () => this.#cache.close())
  }

  get length(): number {
    return this.#ids.length
  }

  /** Token ids in the order of the cache. */
  get ids(): readonly number[] {
    return this.#ids
  }

  extend(addition: TextOrIds, options: CallOptions = {}): Promise<void> {
    return this.#exclusively(async () => {
      const ids = this.#host.idsOf(addition)
      this.#host.checkLength(this.length + ids.length)
      const before = this.#cache.mark()
      const { runner } = this.#host
      const ropes = runner.ropes.forLength(this.plannedLength)
      try {
        await feedTokens(runner, { ...options, cache: this.#cache, ids, accuracy: this.accuracy, ropes })
      } catch (error) {
        // what an abort left half done is taken back
        this.#cache.truncate(before)
        throw error
      }
      this.#ids.push(...ids)
    })
  }

  truncate(length: number): void {
    this.#guard.check()
    this.#cache.truncateTo(length)
    this.#ids = this.#ids.slice(0, length)
  }

  keep(positions: ArrayLike<number>): Promise<void> {
    return this.#exclusively(async () => {
      const wanted = Array.from(positions)
      if (wanted.length === 0) {
        this.truncate(0)
        return
      }
      this.#cache.keepAll(wanted)
      this.#ids = wanted.map((position) => this.#ids[position]!)
    })
  }

  fork(): LocalPreparedContext {
    this.#guard.check()
    const { accuracy, plannedLength } = this
    return new LocalPreparedContext({
      host: this.#host,
      cache: this.#cache.fork(),
      ids: this.#ids,
      accuracy,
      plannedLength,
    })
  }

  save(): Promise<Uint8Array> {
    return this.#exclusively(async () => {
      const { accuracy, plannedLength, ids } = this
      return saveCache(this.#cache, { modelHash: this.#host.modelHash, accuracy, plannedLength, ids })
    })
  }

  /** Runs work on a cache of its own which begins with this prefix less its last `drop` tokens. */
  withCopy<T>(drop: number, work: (cache: KvCache) => Promise<T>): Promise<T> {
    return this.#exclusively(async () => {
      checkArgument(drop <= this.length, 'drop', drop, `at most ${this.length}`)
      const copy = this.#cache.fork()
      try {
        if (drop > 0) {
          const kept = this.length - drop
          const next = copy.positionsOf(0, 0)[kept]!
          copy.truncateTo(kept)
          copy.nextPosition = next
        }
        return await work(copy)
      } finally {
        copy.close()
      }
    })
  }

  close(): Promise<void> {
    return this.#guard.close()
  }

  [asyncDispose](): Promise<void> {
    return this.close()
  }

  /** One piece of work after the other: calls side by side wait their turn. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#guard.use(() => this.#host.use(() => this.#queue.run(work)))
  }
}
