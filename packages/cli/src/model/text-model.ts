import { type Drafter, withSpeculation } from '@lc/kv/speculation'
import type { LanguageModel, Scorer, Tokenizer } from '@lc/model'
import { type OpenaiCompatibleOptions, openaiCompatible } from '@lc/model/openai-compatible'
import type { CommandContext } from '../command/command.ts'
import type { modelOptions } from '../options/model-options.ts'
import type { OptionValues } from '../options/parse-options.ts'
import { openFiles } from './model-files.ts'
import { type LocalModelChoice, openLocalModel } from './open-local-model.ts'

/** A model that a command line names: it generates, and it scores if it can. */
export interface TextModel {
  language: LanguageModel
  /** Throws `UnsupportedCapabilityError` when the model's log-probabilities cannot be had or trusted. */
  scorer(): Promise<Scorer>
}

type ModelOptions = OptionValues<typeof modelOptions> &
  Pick<LocalModelChoice, 'method'> & {
    /** Drafts for a local model. */
    readonly drafter?: Drafter | undefined
  }

/** Opens the model, uses it, and closes it whatever happens. */
export async function withTextModel<Result>(
  options: ModelOptions,
  context: CommandContext,
  use: (model: TextModel) => Promise<Result>,
): Promise<Result> {
  if (options.server !== undefined) {
    const remote = openaiCompatible(await serverOptions(options, options.server, context))
    await remote.connect({ signal: context.signal })
    return use({ language: remote, scorer: () => remote.scorer({ signal: context.signal }) })
  }
  const local = await openLocalModel(options, context)
  try {
    const { drafter } = options
    const language = drafter === undefined ? local : withSpeculation(local, drafter)
    return await use({ language, scorer: async () => local })
  } finally {
    await local.close()
  }
}

/** How the server of `--server` is reached; the key comes from the environment, never from the command line. */
export async function serverOptions(
  options: ModelOptions,
  server: string,
  context: CommandContext,
): Promise<OpenaiCompatibleOptions> {
  const apiKey = context.env.LC_API_KEY ?? context.env.OPENAI_API_KEY
  const { contextLength } = options
  const tokenizer = options.tokenizer === undefined ? undefined : await tokenizerOf(options.tokenizer, options, context)
  return {
    baseUrl: server,
    model: options.model,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(contextLength === undefined ? {} : { contextLength }),
    ...(tokenizer === undefined ? {} : { tokenizer }),
  }
}

async function tokenizerOf(model: string, options: ModelOptions, context: CommandContext): Promise<Tokenizer> {
  const files = await openFiles(model, options, context)
  await files.close()
  return files.tokenizer
}
