import type { DecoderConfig } from '../decoder/decoder-config.ts'
import type { RopeConfig } from './rope-config.ts'
import { dependsOnLength } from './rope-frequencies.ts'
import { RopeTable } from './rope-table.ts'

/** Tables by the kind of rotation, for texts of one planned length. */
export type RopeTables = ReadonlyMap<string, RopeTable>

/** Hands out tables; texts whose frequencies agree share them. */
export class RopeTableCache {
  readonly #config: DecoderConfig
  readonly #tables = new Map<string, RopeTable>()

  constructor(config: DecoderConfig) {
    this.#config = config
  }

  /** The tables for texts of a planned length in tokens. */
  forLength(length: number): RopeTables {
    const result = new Map<string, RopeTable>()
    for (const [kind, rope] of Object.entries(this.#config.ropes)) {
      const key = `${kind} ${lengthKey(rope, length)}`
      const table = this.#tables.get(key) ?? new RopeTable(rope, length)
      this.#remember(key, table)
      result.set(kind, table)
    }
    return result
  }

  /** Texts of lengths with the same key have the same frequencies. */
  keyOf(length: number): string {
    return Object.values(this.#config.ropes)
      .map((rope) => lengthKey(rope, length))
      .join()
  }

  /** Dynamic scaling makes a table per length: the latest few are kept. */
  #remember(key: string, table: RopeTable): void {
    this.#tables.delete(key)
    this.#tables.set(key, table)
    if (this.#tables.size <= 16) return
    const [oldest] = this.#tables.keys()
    this.#tables.delete(oldest!)
  }
}

/** Only what the frequencies depend on. */
function lengthKey(rope: RopeConfig, length: number): string {
  if (!dependsOnLength(rope) || !('trainedLength' in rope.scaling)) return ''
  const { kind, trainedLength } = rope.scaling
  return kind === 'longrope' ? String(length > trainedLength) : String(Math.max(length, trainedLength))
}
