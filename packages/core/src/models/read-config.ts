/** @file Reads fields of a `config.json`, which is untrusted: each with its kind, its bounds and its default. */
import type { JsonObject, JsonValue } from '@lc/model'
import { FileFormatError } from '../errors/file-format-error.ts'

/** Sizes above this are no model but an attack on the memory. */
const largestSize = 2 ** 24

/** Reads a configuration and names the field in its errors. */
export class ConfigReader {
  readonly config: JsonObject
  readonly file: string

  constructor(config: JsonObject, file = 'config.json') {
    this.config = config
    this.file = file
  }

  /** A positive whole number. */
  size(field: string, fallback?: number): number {
    const value = this.config[field] ?? fallback
    if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= largestSize) return value
    throw this.problem(field, value, `a whole number from 1 to ${largestSize}`)
  }

  /** A finite number. */
  number(field: string, fallback?: number): number {
    const value = this.config[field] ?? fallback
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw this.problem(field, value, 'a number')
  }

  /** A finite number, or undefined where the field is missing or null. */
  optionalNumber(field: string): number | undefined {
    return this.config[field] === undefined || this.config[field] === null ? undefined : this.number(field)
  }

  boolean(field: string, fallback: boolean): boolean {
    const value = this.config[field] ?? fallback
    if (typeof value === 'boolean') return value
    throw this.problem(field, value, 'true or false')
  }

  string(field: string, fallback: string): string {
    const value = this.config[field] ?? fallback
    if (typeof value === 'string') return value
    throw this.problem(field, value, 'a string')
  }

  /** A nested object, or undefined. */
  object(field: string): ConfigReader | undefined {
    const value = this.config[field]
    if (value === undefined || value === null) return undefined
    if (typeof value === 'object' && !Array.isArray(value)) return new ConfigReader(value, this.file)
    throw this.problem(field, value, 'an object')
  }

  /** An array of `length` entries that all pass the test, or undefined where it is missing. */
  list<T extends JsonValue>(field: string, length: number, fits: (value: JsonValue) => value is T): T[] | undefined {
    const value = this.config[field]
    if (value === undefined || value === null) return undefined
    if (Array.isArray(value) && value.length === length && value.every(fits)) return value as T[]
    throw this.problem(field, value, `an array of ${length} entries of its kind`)
  }

  problem(field: string, value: JsonValue | undefined, allowed: string): FileFormatError {
    const given = JSON.stringify(value) ?? 'nothing'
    const short = given.length > 60 ? `${given.slice(0, 57)}...` : given
    return new FileFormatError({
      file: this.file,
      format: 'config',
      problem: `${field} must be ${allowed}; got ${short}`,
    })
  }
}

export function isNumber(value: JsonValue): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

export function isString(value: JsonValue): value is string {
  return typeof value === 'string'
}
