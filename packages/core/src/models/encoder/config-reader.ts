import type { JsonObject, JsonValue } from '@lc/model'
import { FileFormatError } from '../../errors/file-format-error.ts'

/** Reads settings of a `config.json`; a value of the wrong kind is a `FileFormatError` that names the key. */
export class ConfigReader {
  readonly #config: JsonObject
  readonly #file: string

  constructor(config: JsonObject, file = 'config.json') {
    this.#config = config
    this.#file = file
  }

  /** The value itself; null counts as missing. */
  value(key: string): JsonValue | undefined {
    return Object.hasOwn(this.#config, key) ? (this.#config[key] ?? undefined) : undefined
  }

  /** A whole number within the bounds; the maximum guards against sizes that no real model has. */
  integer(key: string, options: { default?: number; min?: number; max?: number } = {}): number {
    const { min = 1, max = 2 ** 31 } = options
    const value = this.value(key) ?? options.default
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
      throw this.#fault(key, value, `a whole number from ${min} to ${max}`)
    return value
  }

  number(key: string, options: { default: number }): number {
    const value = this.value(key) ?? options.default
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.#fault(key, value, 'a number')
    return value
  }

  boolean(key: string, options: { default: boolean }): boolean {
    const value = this.value(key) ?? options.default
    if (typeof value !== 'boolean') throw this.#fault(key, value, 'true or false')
    return value
  }

  choice<const T extends string>(key: string, choices: readonly T[], options: { default: T }): T {
    const value = this.value(key) ?? options.default
    if (!choices.includes(value as T)) throw this.#fault(key, value, `one of ${choices.join(', ')}`)
    return value as T
  }

  object(key: string): JsonObject | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#fault(key, value, 'an object')
    return value
  }

  strings(key: string): readonly string[] | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw this.#fault(key, value, 'a list of strings')
    return value as string[]
  }

  #fault(key: string, value: unknown, allowed: string): FileFormatError {
    const given = value === undefined ? 'missing' : JSON.stringify(value).slice(0, 100)
    return new FileFormatError({
      file: this.#file,
      format: 'config.json',
      problem: `${key} must be ${allowed}; it is ${given}`,
    })
  }
}
