/** @file Fields of a request body, read with checks that name them. Null counts as absent. */
import { checkArgument, checkInteger, checkNumber } from '../check/check-argument.ts'
import { describeValue, InvalidArgumentError } from '../errors/invalid-argument-error.ts'

/** Reads a body field by field; what nobody asked for is refused at the end. */
export class RequestFields {
  readonly #body: Readonly<Record<string, unknown>>
  readonly #prefix: string
  readonly #read = new Set<string>()

  constructor(body: Readonly<Record<string, unknown>>, prefix = '') {
    this.#body = body
    this.#prefix = prefix
  }

  /** The value as it is; undefined for null. */
  any(name: string): unknown {
    this.#read.add(name)
    return this.#body[name] ?? undefined
  }

  integer(name: string, bounds: { min?: number; max?: number } = {}): number | undefined {
    const value = this.any(name)
    return value === undefined ? undefined : checkInteger(value, this.#path(name), bounds)
  }

  number(name: string, bounds: { min?: number; max?: number } = {}): number | undefined {
    const value = this.any(name)
    return value === undefined ? undefined : checkNumber(value, this.#path(name), bounds)
  }

  boolean(name: string): boolean | undefined {
    const value = this.any(name)
    if (value !== undefined) checkArgument(typeof value === 'boolean', this.#path(name), value, 'true or false')
    return value as boolean | undefined
  }

  text(name: string): string | undefined {
    const value = this.any(name)
    if (value !== undefined) checkArgument(typeof value === 'string', this.#path(name), value, 'a string')
    return value as string | undefined
  }

  requiredText(name: string): string {
    const value = this.text(name)
    checkArgument(value !== undefined, this.#path(name), value, 'a string')
    return value
  }

  list(name: string, bounds: { min?: number; max: number }): unknown[] | undefined {
    const value = this.any(name)
    if (value === undefined) return undefined
    const { min = 0, max } = bounds
    checkArgument(
      Array.isArray(value) && value.length >= min && value.length <= max,
      this.#path(name),
      value,
      `an array of ${min} to ${max}`,
    )
    return value as unknown[]
  }

  /** The fields of an object; undefined when absent. */
  object(name: string): RequestFields | undefined {
    const value = this.any(name)
    return value === undefined ? undefined : fieldsOf(value, this.#path(name))
  }

  /** The object itself. */
  record(name: string): Record<string, unknown> | undefined {
    const value = this.any(name)
    if (value !== undefined) checkArgument(isPlainObject(value), this.#path(name), value, 'an object')
    return value as Record<string, unknown> | undefined
  }

  /** Accepts a field only with a value that changes nothing. */
  only(name: string, accepted: readonly unknown[]): void {
    const value = this.any(name)
    if (value === undefined) return
    const same = accepted.some((each) => JSON.stringify(each) === JSON.stringify(value))
    checkArgument(
      same,
      this.#path(name),
      value,
      `absent or ${accepted.map((each) => JSON.stringify(each)).join(' or ')}`,
    )
  }

  /** Refuses fields that nobody read, but for those that change nothing about the answer. */
  finish(ignored: readonly string[] = []): void {
    for (const [name, value] of Object.entries(this.#body))
      if (!this.#read.has(name) && !ignored.includes(name) && value !== null)
        throw new InvalidArgumentError({
          argument: this.#path(name),
          received: describeValue(value),
          allowed: 'absent: this server does not know it',
        })
  }

  #path(name: string): string {
    return this.#prefix === '' ? name : `${this.#prefix}.${name}`
  }
}

/** The fields of a value that must be an object. */
export function fieldsOf(value: unknown, path: string): RequestFields {
  checkArgument(isPlainObject(value), path === '' ? 'body' : path, value, 'an object')
  return new RequestFields(value, path)
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
