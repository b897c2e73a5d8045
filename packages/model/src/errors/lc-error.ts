/** @file The base of all errors of lc. Recognised by a global symbol, so that two installed copies of a package understand each other. */

const marker = Symbol.for('lc.error')

/**
 * The base of every error that lc throws on purpose. Subclasses carry a literal `code` and plain data fields;
 * the message is built from those fields.
 */
export abstract class LcError extends Error {
  /** What went wrong, as a closed list over all packages, for example `invalid-argument`. */
  abstract readonly code: string
  readonly [marker] = true

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
  }

  /** The error as data: `name`, `code`, `message` and the fields of the class, without the stack and the cause. */
  toJSON(): Record<string, unknown> {
    const fields: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(this))
      if (key !== 'cause' && key !== 'stack' && value !== undefined) fields[key] = value
    return { ...fields, name: this.name, code: this.code, message: this.message }
  }
}

/** Whether a value is an error of lc, also one of another installed copy. */
export function isLcError(error: unknown): error is LcError {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[marker] === true
}
