import { parseArgs } from 'node:util'
import { UsageError } from '../errors/usage-error.ts'
import type { Option, RawValue } from './option.ts'

/** The options of a command by their names in code; `maxTokens` is typed `--max-tokens`. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>

/** The values that a table of options gives. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never
}

/** What a command line says. */
export interface ParsedOptions {
  positionals: string[]
  values: Record<string, unknown>
}

/** The name of an option as it is typed: `maxTokens` -> `max-tokens`. */
export function typedName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** Parses the words after the command. Throws `UsageError`. */
export function parseOptions(words: readonly string[], table: OptionTable): ParsedOptions {
  const { values, positionals } = splitWords(words, table)
  const read = Object.entries(table).map(([name, option]) => {
    const raw = values[typedName(name)] as RawValue
    return [name, option.read(raw, `--${typedName(name)}`)] as const
  })
  return { positionals, values: Object.fromEntries(read) }
}

function splitWords(words: readonly string[], table: OptionTable) {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, option]) => [
      typedName(name),
      { type: option.placeholder === undefined ? 'boolean' : 'string', multiple: option.repeats === true } as const,
    ]),
  )
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true })
  } catch (cause) {
    // the message of parseArgs may span lines and end in a hint; its first sentence says it all
    const [problem = 'wrong usage'] = (cause as Error).message.split(/\n|\. /)
    throw new UsageError({ problem: problem.charAt(0).toLowerCase() + problem.slice(1), cause })
  }
}
