import type { Embedder } from '@lc/model'
import { openaiCompatible } from '@lc/model/openai-compatible'
import type { CommandContext } from '../command/command.ts'
import type { modelOptions } from '../options/model-options.ts'
import type { OptionValues } from '../options/parse-options.ts'
import { openLocalEmbedder } from './open-local-model.ts'
import { serverOptions } from './text-model.ts'

/** Opens a model that embeds, uses it, and closes it whatever happens. */
export async function withEmbedder<Result>(
  options: OptionValues<typeof modelOptions>,
  context: CommandContext,
  use: (model: Embedder) => Promise<Result>,
): Promise<Result> {
  if (options.server !== undefined) {
    const remote = openaiCompatible(await serverOptions(options, options.server, context))
    return use(await remote.embedder({ signal: context.signal }))
  }
  const local = await openLocalEmbedder(options, context)
  try {
    return await use(local)
  } finally {
    await local.close()
  }
}
