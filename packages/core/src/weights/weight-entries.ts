/** @file Looks up the tensors of a model's files by name, for the sources of both formats. */
import { InvalidArgumentError } from '@lc/model/errors'
import type { ByteSource } from './byte-source.ts'

/** The tensors of one or several files by their Hugging Face names. */
export class WeightEntries<Entry> {
  readonly names: readonly string[]
  readonly #files: readonly { readonly source: ByteSource }[]
  readonly #entries: ReadonlyMap<string, Entry>

  constructor(files: readonly { readonly source: ByteSource }[], entries: ReadonlyMap<string, Entry>) {
    this.#files = files
    this.#entries = entries
    this.names = [...entries.keys()]
  }

  find(name: string): Entry | undefined {
    return this.#entries.get(name)
  }

  /** @throws InvalidArgumentError when there is no such weight. */
  get(name: string): Entry {
    const entry = this.#entries.get(name)
    if (!entry)
      throw new InvalidArgumentError({
        argument: 'name',
        received: name,
        allowed: `one of ${this.names.length} weights`,
      })
    return entry
  }

  async close(): Promise<void> {
    for (const { source } of this.#files) await source.close()
  }
}

/** @throws InvalidArgumentError when `[from, to)` is not within `rows` rows. */
export function requireRows(from: number, to: number, rows: number): void {
  if (!(from >= 0 && from <= to && to <= rows))
    throw new InvalidArgumentError({ argument: 'rows', received: [from, to], allowed: `a range within 0 and ${rows}` })
}
