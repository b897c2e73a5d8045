import { FileFormatError } from '../../errors/file-format-error.ts'

/** A list of strings in the header, decoded when it is first asked for: vocabularies are most of a header. */
export interface GgufStringList {
  readonly kind: 'strings'
  readonly length: number
  decode(): string[]
}

/** A numeric or boolean list. */
export interface GgufNumberList {
  readonly kind: 'numbers'
  readonly length: number
  /** A typed array over the header's bytes, or plain numbers for 64-bit integers and booleans. */
  readonly values: ArrayLike<number>
}

export type GgufValue = string | number | bigint | boolean | GgufStringList | GgufNumberList

/** The key-value section of a GGUF file, read with type checks. */
export class GgufMetadata {
  readonly file: string
  readonly #values: ReadonlyMap<string, GgufValue>

  constructor(file: string, values: ReadonlyMap<string, GgufValue>) {
    this.file = file
    this.#values = values
  }

  get keys(): string[] {
    return [...this.#values.keys()]
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  get(key: string): GgufValue | undefined {
    return this.#values.get(key)
  }

  string(key: string): string | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    if (typeof value !== 'string') throw this.#problem(key, 'a string')
    return value
  }

  /** An integer or real number; 64-bit integers beyond 2^53 are refused. */
  number(key: string): number | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    if (typeof value === 'number') return value
    if (typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER)
      return Number(value)
    throw this.#problem(key, 'a number')
  }

  /** A non-negative integer below 2^31: the form of all counts and sizes. */
  count(key: string): number | undefined {
    const value = this.number(key)
    if (value === undefined) return undefined
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) throw this.#problem(key, 'a count')
    return value
  }

  boolean(key: string): boolean | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    if (typeof value !== 'boolean') throw this.#problem(key, 'true or false')
    return value
  }

  strings(key: string): string[] | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    if (typeof value !== 'object' || value.kind !== 'strings') throw this.#problem(key, 'a list of strings')
    return value.decode()
  }

  numbers(key: string): ArrayLike<number> | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    if (typeof value !== 'object' || value.kind !== 'numbers') throw this.#problem(key, 'a list of numbers')
    return value.values
  }

  /** A count that may be given per layer: then one per layer. */
  countPerLayer(key: string, layers: number): number | number[] | undefined {
    const value = this.#values.get(key)
    if (typeof value !== 'object') return this.count(key)
    const list = [...Array.from(this.numbers(key) ?? [])]
    if (list.length !== layers || list.some((entry) => !Number.isInteger(entry) || entry < 0))
      throw this.#problem(key, `${layers} counts`)
    return list.every((entry) => entry === list[0]) ? list[0] : list
  }

  #problem(key: string, expected: string): FileFormatError {
    return new FileFormatError({ file: this.file, format: 'gguf', problem: `metadata ${key} is not ${expected}` })
  }
}
