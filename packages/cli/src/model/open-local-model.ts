import { type LocalModel, loadModel } from '@lc/core'
import { type LocalEmbedder, loadEmbedder } from '@lc/core/encoder'
import { withCachePolicy } from '@lc/kv'
import type { CacheMethod } from '@lc/kv/patterns'
import { isLcError } from '@lc/model/errors'
import type { ServedModel } from '@lc/model/openai-server'
import type { CommandContext } from '../command/command.ts'
import { UsageError } from '../errors/usage-error.ts'
import type { localModelOptions } from '../options/model-options.ts'
import type { OptionValues } from '../options/parse-options.ts'

/** Which local model, and how it is loaded. */
export type LocalModelChoice = OptionValues<typeof localModelOptions> & {
  readonly model: string
  /** Which policy it will be used with: an attention pattern is chosen when a model is loaded. */
  readonly method?: CacheMethod | undefined
}

/** Loads a decoder; the caller closes it. */
export function openLocalModel(choice: LocalModelChoice, context: CommandContext): Promise<LocalModel> {
  const { contextLength, method } = choice
  const length = contextLength === undefined ? {} : { contextLength }
  return loadModel(choice.model, {
    ...loadOptions(choice, context),
    ...length,
    ...(method && { attention: method.attention }),
  })
}

/** Loads an encoder that embeds; the caller closes it. */
export function openLocalEmbedder(choice: LocalModelChoice, context: CommandContext): Promise<LocalEmbedder> {
  return loadEmbedder(choice.model, loadOptions(choice, context))
}

/** Loads a model for a server, whichever kind it is. */
export async function openServedModel(
  choice: LocalModelChoice,
  context: CommandContext,
): Promise<{ served: ServedModel; close(): Promise<void> }> {
  try {
    const model = withCachePolicy(await openLocalModel(choice, context), choice.method?.policy)
    return { served: { languageModel: model, scorer: model }, close: () => model.close() }
  } catch (error) {
    if (!isLcError(error) || error.code !== 'unsupported-model') throw error
    if (choice.method)
      throw new UsageError({ problem: `--policy is for models that generate; ${choice.model} embeds`, cause: error })
    const embedder = await openLocalEmbedder(choice, context)
    return { served: { embedder }, close: () => embedder.close() }
  }
}

function loadOptions({ device, offline }: LocalModelChoice, { signal, output }: CommandContext) {
  return { signal, onProgress: output.progress, device: device ?? 'auto', ...(offline ? { offline } : {}) } as const
}
