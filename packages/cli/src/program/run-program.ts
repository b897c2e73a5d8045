import type { Readable } from 'node:stream'
import type { Command } from '../command/command.ts'
import { commandHelp, programHelp } from '../command/help.ts'
import { allCommands } from '../commands/all-commands.ts'
import { UsageError } from '../errors/usage-error.ts'
import { flagOption } from '../options/option.ts'
import { parseOptions } from '../options/parse-options.ts'
import { errorDocument, errorLines } from '../output/error-document.ts'
import { type ExitCode, exitCodeOf } from '../output/exit-code.ts'
import { Output, type TextSink } from '../output/output.ts'
import { programVersion } from './program-version.ts'

/** What the program runs in; the real streams in `lc`, others in tests. */
export interface ProgramSurroundings {
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  stdin: Readable
  stdout: TextSink
  stderr: TextSink
  /** The file that runs as the process `lc`; checks that may crash are tried in a process of their own. */
  program?: string | undefined
  /** Ends the run with exit code 130. */
  signal: AbortSignal
}

const generalOptions = {
  json: flagOption('print exactly one JSON document on stdout, also for errors'),
  quiet: flagOption('no progress and no remarks on stderr'),
  help: flagOption('show this help'),
}

/** Runs one command line, prints its result or its error, and gives the exit code. */
export async function runProgram(words: readonly string[], surroundings: ProgramSurroundings): Promise<ExitCode> {
  const options = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined)
  const output = new Output({
    stdout: surroundings.stdout,
    stderr: surroundings.stderr,
    json: options.includes('--json'),
    quiet: options.includes('--quiet'),
    noColor: (surroundings.env.NO_COLOR ?? '') !== '',
  })
  try {
    return await dispatch(words, surroundings, output)
  } catch (error) {
    output.clearProgress()
    if (output.json) output.result(errorDocument(error, surroundings.signal), '')
    else surroundings.stderr.write(errorLines(error, surroundings.signal, (surroundings.env.LC_DEBUG ?? '') !== ''))
    return exitCodeOf(error, surroundings.signal)
  } finally {
    output.clearProgress()
  }
}

async function dispatch(
  words: readonly string[],
  surroundings: ProgramSurroundings,
  output: Output,
): Promise<ExitCode> {
  const [first, ...rest] = words
  if (first === '--version' || first === 'version') {
    const version = programVersion()
    output.result({ version }, version)
    return 0
  }
  if (first === undefined || first === '--help' || first === '-h' || first === 'help')
    return showHelp(rest, first, output)
  const command = findCommand(first)
  if (rest.some((word, at) => word === '--help' && !rest.slice(0, at).includes('--'))) {
    return showHelp([command.name], 'help', output)
  }
  const { positionals, values } = withCommandName(command.name, () =>
    parseOptions(rest, { ...command.options, ...generalOptions }),
  )
  const [stray] = positionals
  if (stray !== undefined && !command.takesNames)
    throw new UsageError({ problem: `unexpected "${stray}"`, command: command.name })
  const { cwd, env, stdin, signal, program } = surroundings
  signal.throwIfAborted()
  const code = await command.run(
    { cwd, env, stdin, signal, program, output },
    { positionals, options: values as never },
  )
  return code ?? 0
}

function showHelp(rest: readonly string[], first: string | undefined, output: Output): ExitCode {
  const named = rest.find((word) => !word.startsWith('-'))
  const text = named ? commandHelp(findCommand(named), generalOptions) : programHelp(allCommands, generalOptions)
  if (first === undefined) throw new UsageError({ problem: `a command is needed: ${commandNames()}` })
  output.result({ help: text }, text)
  return 0
}

function findCommand(name: string): Command {
  const command = allCommands.find((candidate) => candidate.name === name)
  if (!command) {
    const what = name.startsWith('-')
      ? `the first word must be a command, not "${name}"`
      : `there is no command "${name}"`
    throw new UsageError({ problem: `${what}; the commands are ${commandNames()}` })
  }
  return command
}

function commandNames(): string {
  return allCommands.map((command) => command.name).join(', ')
}

function withCommandName<Value>(command: string, parse: () => Value): Value {
  try {
    return parse()
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError({ problem: error.problem, command, cause: error.cause })
    throw error
  }
}
