/** @file Reading the parts of a `tokenizer.json` with checks: every wrong form is a `FileFormatError` naming where. */
import type { JsonObject, JsonValue } from '@lc/model'
import { FileFormatError } from '../errors/file-format-error.ts'

/** A JSON object of a tokenizer file, and where it stands in it. */
export class Component {
  readonly file: string
  readonly where: string
  readonly value: JsonObject

  constructor(file: string, where: string, value: JsonValue | undefined) {
    this.file = file
    this.where = where
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.problem('must be an object')
    this.value = value
  }

  problem(problem: string): FileFormatError {
    return new FileFormatError({ file: this.file, format: 'tokenizer.json', problem: `${this.where} ${problem}` })
  }

  get type(): string {
    return this.string('type')
  }

  has(key: string): boolean {
    return Object.hasOwn(this.value, key) && this.value[key] !== null && this.value[key] !== undefined
  }

  get(key: string): JsonValue | undefined {
    return this.has(key) ? this.value[key] : undefined
  }

  string(key: string, fallback?: string): string {
    const value = this.get(key) ?? fallback
    if (typeof value !== 'string') throw this.problem(`needs the string ${key}`)
    return value
  }

  /** A string that is not empty. */
  text(key: string, fallback?: string): string {
    const value = this.string(key, fallback)
    if (value === '') throw this.problem(`has an empty ${key}`)
    return value
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.get(key) ?? fallback
    if (typeof value !== 'boolean') throw this.problem(`has a ${key} that is neither true nor false`)
    return value
  }

  integer(key: string, fallback?: number): number {
    const value = this.get(key) ?? fallback
    if (typeof value !== 'number' || !Number.isInteger(value)) throw this.problem(`needs the integer ${key}`)
    return value
  }

  list(key: string): JsonValue[] {
    const value = this.get(key) ?? []
    if (!Array.isArray(value)) throw this.problem(`has a ${key} that is not a list`)
    return value
  }

  child(key: string): Component {
    return new Component(this.file, `${this.where}.${key}`, this.get(key))
  }

  children(key: string): Component[] {
    return this.list(key).map((entry, i) => new Component(this.file, `${this.where}.${key}[${i}]`, entry))
  }
}
