import type { Readable } from 'node:stream'
import type { OptionTable, OptionValues } from '../options/parse-options.ts'
import type { ExitCode } from '../output/exit-code.ts'
import type { Output } from '../output/output.ts'

/** What a command runs in. */
export interface CommandContext {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable
  readonly output: Output
  /** The program's own file, when it runs as a process of its own. */
  readonly program?: string | undefined
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** One thing to try, shown in the help. */
interface CommandExample {
  line: string
  explains: string
}

/** What the words of a command line came to. */
interface Invocation<Table extends OptionTable> {
  positionals: string[]
  options: OptionValues<Table>
}

/** A command as it is declared. */
export interface CommandSpecification<Table extends OptionTable> {
  name: string
  summary: string
  /** What comes after the name, for example `PATHS... --query Q`. */
  usage: string
  /** Whether names follow, as in `PATHS...`; without, a stray word is wrong usage. */
  takesNames?: boolean
  options: Table
  examples: readonly CommandExample[]
  run(context: CommandContext, invocation: Invocation<Table>): Promise<ExitCode | undefined>
}

/** A command as the program sees it. */
export type Command = CommandSpecification<OptionTable>

/** Declares a command; the options that `run` gets are typed by the table. */
export function defineCommand<Table extends OptionTable>(specification: CommandSpecification<Table>): Command {
  return {
    ...specification,
    run: (context, invocation) => specification.run(context, invocation as Invocation<Table>),
  }
}
