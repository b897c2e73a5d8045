import type { PreparedContext, TextOrIds } from '../capability/scorer.ts'
import type { Tokenizer } from '../capability/tokenizer.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'
import { DisposedError } from '../errors/disposed-error.ts'

/** The prepared context of a model whose whole state is the ids that it has read. */
export class KeptIds implements PreparedContext {
  readonly #tokenizer: Tokenizer
  #ids: number[]
  #closed = false

  constructor(tokenizer: Tokenizer, ids: ArrayLike<number>) {
    this.#tokenizer = tokenizer
    this.#ids = Array.from(ids)
  }

  /** The ids in the cache. */
  get ids(): readonly number[] {
    this.#check()
    return this.#ids
  }

  get length(): number {
    return this.#ids.length
  }

  async extend(addition: TextOrIds): Promise<void> {
    this.#check()
    this.#ids.push(...idsOf(this.#tokenizer, addition))
  }

  truncate(length: number): void {
    this.#check()
    checkInteger(length, 'length', { min: 0, max: this.#ids.length })
    this.#ids.length = length
  }

  async keep(positions: ArrayLike<number>): Promise<void> {
    this.#check()
    const list = Array.from(positions)
    const ascending = list.every((position, index) => index === 0 || position > list[index - 1]!)
    checkArgument(ascending, 'positions', list, 'ascending positions')
    for (const position of list) checkInteger(position, 'positions', { min: 0, max: this.#ids.length - 1 })
    this.#ids = list.map((position) => this.#ids[position]!)
  }

  fork(): KeptIds {
    return new KeptIds(this.#tokenizer, this.ids)
  }

  async save(): Promise<Uint8Array> {
    return new TextEncoder().encode(JSON.stringify(this.ids))
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #check(): void {
    if (this.#closed) throw new DisposedError({ what: 'the prepared context' })
  }

  /** The ids that `save` wrote. */
  static restore(tokenizer: Tokenizer, bytes: Uint8Array): KeptIds {
    return new KeptIds(tokenizer, JSON.parse(new TextDecoder().decode(bytes)) as number[])
  }
}

/** The ids of a text, or the ids that were given. */
export function idsOf(tokenizer: Tokenizer, input: TextOrIds): number[] {
  return Array.from(typeof input === 'string' ? tokenizer.encode(input).ids : input)
}
