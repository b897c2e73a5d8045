import { LcError } from './lc-error.ts'

/** Bad input: names the argument, what was given, and what is allowed. */
export class InvalidArgumentError extends LcError {
  readonly code = 'invalid-argument'
  readonly argument: string
  readonly received: unknown
  readonly allowed: string

  constructor(fields: { argument: string; received: unknown; allowed: string; cause?: unknown }) {
    super(`${fields.argument} must be ${fields.allowed}; got ${describeValue(fields.received)}`, {
      cause: fields.cause,
    })
    this.argument = fields.argument
    this.received = describeValue(fields.received)
    this.allowed = fields.allowed
  }
}

/** A short, safe description of any value for an error message: never more than 80 characters of text. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)
  if (
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'boolean' ||
    value === undefined ||
    value === null
  )
    return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`
  if (typeof value === 'function') return 'a function'
  return `an object with keys ${
    Object.keys(value as object)
      .slice(0, 8)
      .join(', ') || '(none)'
  }`
}
