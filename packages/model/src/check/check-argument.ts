import { InvalidArgumentError } from '../errors/invalid-argument-error.ts'

/** Throws `InvalidArgumentError` unless the condition holds. */
export function checkArgument(
  condition: boolean,
  argument: string,
  received: unknown,
  allowed: string,
): asserts condition {
  if (!condition) throw new InvalidArgumentError({ argument, received, allowed })
}

/** An integer within bounds (inclusive). */
export function checkInteger(value: unknown, argument: string, bounds: { min?: number; max?: number } = {}): number {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds
  const range =
    bounds.min === undefined && bounds.max === undefined
      ? 'an integer'
      : bounds.max === undefined
        ? `an integer >= ${min}`
        : `an integer from ${min} to ${max}`
  checkArgument(
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max,
    argument,
    value,
    range,
  )
  return value
}

/** A finite number within bounds (inclusive). */
export function checkNumber(value: unknown, argument: string, bounds: { min?: number; max?: number } = {}): number {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bounds
  checkArgument(
    typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max,
    argument,
    value,
    `a number from ${min} to ${max}`,
  )
  return value
}

/** One of a closed list of choices. */
export function checkOneOf<const T>(value: unknown, argument: string, choices: readonly T[]): T {
  checkArgument(
    choices.includes(value as T),
    argument,
    value,
    `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`,
  )
  return value as T
}

/** A string. */
export function checkString(value: unknown, argument: string): string {
  checkArgument(typeof value === 'string', argument, value, 'a string')
  return value
}
