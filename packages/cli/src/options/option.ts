import { checkOneOf } from '@lc/model/check'
import { UsageError } from '../errors/usage-error.ts'

/** What `parseArgs` found for one option. */
export type RawValue = string | boolean | (string | boolean)[] | undefined

/** One option of a command: how it is shown in the help, and how its text becomes a value. */
export interface Option<Value> {
  /** The word for the value in the help; missing for a flag. */
  readonly placeholder?: string
  readonly description: string
  /** Shown in the help. */
  readonly shownDefault?: string | undefined
  readonly required?: boolean
  readonly repeats?: boolean
  /** Throws `UsageError`. `flag` is the option as it is typed, with its dashes. */
  read(raw: RawValue, flag: string): Value
}

interface Shown<Value> {
  placeholder: string
  description: string
  /** Used when the option is not given. */
  default?: Value
}

/** An option without a value. */
export function flagOption(description: string): Option<boolean> {
  return { description, read: (raw) => raw === true }
}

/** An option that must be given. */
export function required<Value>(option: Option<Value | undefined>): Option<Value> {
  return {
    ...option,
    required: true,
    read(raw, flag) {
      const value = option.read(raw, flag)
      if (value === undefined) throw new UsageError({ problem: `${flag} ${option.placeholder} is needed` })
      return value
    },
  }
}

/** An option that has a value when it is not given. */
export function withDefault<Value>(option: Option<Value | undefined>, value: NonNullable<Value>): Option<Value> {
  return { ...option, shownDefault: String(value), read: (raw, flag) => option.read(raw, flag) ?? value }
}

/** Any text. */
export function textOption(shown: Shown<string>): Option<string | undefined> {
  return { ...shown, read: (raw) => (typeof raw === 'string' ? raw : undefined) }
}

/** Text that may be given several times. */
export function textsOption(shown: Shown<never>): Option<string[]> {
  return {
    ...shown,
    repeats: true,
    read: (raw) => (Array.isArray(raw) ? raw.filter((value) => typeof value === 'string') : []),
  }
}

/** An integer of at least `min`. */
export function integerOption(shown: Shown<number> & { min?: number; max?: number }): Option<number | undefined> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, ...rest } = shown
  return {
    ...rest,
    read(raw, flag) {
      if (typeof raw !== 'string') return undefined
      const value = Number(raw)
      if (!/^[+-]?\d+$/.test(raw) || !Number.isSafeInteger(value) || value < min || value > max)
        throw new UsageError({ problem: `${flag} must be an integer ${describeRange(min, max)}; got "${raw}"` })
      return value
    },
  }
}

/** A number between bounds. */
export function numberOption(shown: Shown<number> & { min: number; max: number }): Option<number | undefined> {
  const { min, max, ...rest } = shown
  return {
    ...rest,
    read(raw, flag) {
      if (typeof raw !== 'string') return undefined
      const value = raw.trim() === '' ? Number.NaN : Number(raw)
      if (!(value >= min && value <= max))
        throw new UsageError({ problem: `${flag} must be a number ${describeRange(min, max)}; got "${raw}"` })
      return value
    },
  }
}

/** One of a closed list of words. */
export function choiceOption<const Choice extends string>(
  description: string,
  choices: readonly Choice[],
): Option<Choice | undefined> {
  const shown = choices.join('|')
  return {
    placeholder: shown.length <= 16 ? shown : 'WORD',
    description: shown.length <= 16 ? description : `${description}: ${choices.join(', ')}`,
    read(raw, flag) {
      if (typeof raw !== 'string') return undefined
      try {
        return checkOneOf(raw, flag, choices) as Choice
      } catch (cause) {
        throw new UsageError({ problem: `${flag} must be one of ${choices.join(', ')}; got "${raw}"`, cause })
      }
    },
  }
}

function describeRange(min: number, max: number): string {
  return max >= Number.MAX_SAFE_INTEGER ? `>= ${min}` : `from ${min} to ${max}`
}
