import { type OptionTable, typedName } from '../options/parse-options.ts'
import { printTable } from '../output/print-table.ts'
import type { Command } from './command.ts'

/** The help of the program: its commands and the exit codes. */
export function programHelp(commands: readonly Command[], general: OptionTable): string {
  return `lc - get more out of a language model's context, with local models

Usage: lc COMMAND [options]

Commands:
${indent(printTable(commands.map((command) => [command.name, command.summary])))}

Options:
${indent(optionLines(general))}

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check did not hold, 130 interrupted.
Examples: lc COMMAND --help
`
}

/** The help of one command, made from its declaration. */
export function commandHelp(command: Command, general: OptionTable): string {
  const examples = command.examples.map((example) => `${example.line}\n    ${example.explains}`)
  return `lc ${command.name} - ${command.summary}

Usage: lc ${command.name}${command.usage ? ` ${command.usage}` : ''}

Options:
${indent(optionLines({ ...command.options, ...general }))}

Examples:
${indent(examples.join('\n'))}
`
}

function optionLines(table: OptionTable): string {
  return printTable(
    Object.entries(table).map(([name, option]) => [
      `--${typedName(name)}${option.placeholder ? ` ${option.placeholder}` : ''}`,
      option.description +
        (option.required ? ' (needed)' : '') +
        (option.repeats ? ' (may be repeated)' : '') +
        (option.shownDefault === undefined ? '' : ` (default: ${option.shownDefault})`),
    ]),
  )
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}
