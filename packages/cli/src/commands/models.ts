import { modelAliases } from '@lc/core/hub'
import { type CommandContext, defineCommand } from '../command/command.ts'
import { UsageError } from '../errors/usage-error.ts'
import { describeModel, isPresent, openFiles } from '../model/model-files.ts'
import { flagOption } from '../options/option.ts'
import { printTable } from '../output/print-table.ts'

/** `lc models`: models by name. */
export const models = defineCommand({
  name: 'models',
  summary: 'which models have a name, fetching one, and what a model is',
  usage: 'list | pull M | info M',
  takesNames: true,
  options: { offline: flagOption('use only what is already on this machine') },
  examples: [
    { line: 'lc models list', explains: 'the aliases, and which are on this machine' },
    { line: 'lc models pull smollm2-135m', explains: 'fetches and checks the files; continues where it was cut' },
    { line: 'lc models info model.gguf', explains: 'family, layers, context, vocabulary, types of the weights' },
  ],
  async run(context, { positionals, options }) {
    const [action, model, ...more] = positionals
    if (action === 'list' && model === undefined) return list(context)
    if (model !== undefined && more.length === 0) {
      if (action === 'pull') return pull(model, options.offline, context)
      if (action === 'info') return info(model, options.offline, context)
    }
    throw new UsageError({ problem: 'lc models takes list, pull M or info M', command: 'models' })
  },
})

async function list(context: CommandContext): Promise<0> {
  const found = []
  for (const { name, description } of modelAliases) {
    found.push({ name, description, present: await isPresent(name, context) })
  }
  const rows = found.map(({ name, description, present }) => [name, present ? 'here' : '-', description])
  context.output.result({ models: found }, printTable(rows))
  return 0
}

async function pull(name: string, offline: boolean, context: CommandContext): Promise<0> {
  const files = await openFiles(name, { offline }, context)
  const { path, hash } = files
  await files.close()
  context.output.result({ name, file: path, sha256: hash }, path ?? name)
  return 0
}

async function info(name: string, offline: boolean, context: CommandContext): Promise<0> {
  const files = await openFiles(name, { offline }, context)
  const document = describeModel(files)
  await files.close()
  const rows = Object.entries(document).map(([key, value]) => [
    key,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ])
  context.output.result(document, printTable(rows))
  return 0
}
