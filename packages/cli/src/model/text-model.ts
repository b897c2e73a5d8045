import type { LanguageModel, Scorer } from '@lc/model'
import { openaiCompatible } from '@lc/model/openai-compatible'
import type { CommandContext } from '../command/command.ts'
import type { modelOptions } from '../options/model-options.ts'
import type { OptionValues } from '../options/parse-options.ts'
import { openLocalModel } from './open-local-model.ts'

/** A model that a command line names: it generates, and it scores if it can. */
export interface TextModel {
  language: LanguageModel
  /** Throws `UnsupportedCapabilityError` when the model's log-probabilities cannot be had or trusted. */
  scorer(): Promise<Scorer>
}

type ModelOptions = OptionValues<typeof modelOptions>

/** Opens the model, uses it, and closes it whatever happens. */
export async function withTextModel<Result>(
  options: ModelOptions,
  context: CommandContext,
  use: (model: TextModel) => Promise<Result>,
): Promise<Result> {
  if (options.server !== undefined) {
    const remote = openaiCompatible(serverOptions(options, options.server, context))
    await remote.connect({ signal: context.signal })
    return use({ language: remote, scorer: () => remote.scorer({ signal: context.signal }) })
  }
  const local = await openLocalModel(options, context)
  try {
    return await use({ language: local, scorer: async () => local })
  } finally {
    await local.close()
  }
}

/** How the server of `--server` is reached; the key comes from the environment, never from the command line. */
export function serverOptions(options: ModelOptions, server: string, { env }: CommandContext) {
  const apiKey = env.LC_API_KEY ?? env.OPENAI_API_KEY
  const { contextLength } = options
  return {
    baseUrl: server,
    model: options.model,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(contextLength === undefined ? {} : { contextLength }),
  }
}
