import { loadTokenClassifier } from '@lc/core/encoder'
import { isLcError } from '@lc/model/errors'
import { openaiCompatible } from '@lc/model/openai-compatible'
import type { CommandContext } from '../command/command.ts'
import type { MethodModel } from '../context/compress-by-method.ts'
import type { MethodName } from '../options/method-option.ts'
import type { modelOptions } from '../options/model-options.ts'
import type { OptionValues } from '../options/parse-options.ts'
import { openFiles } from './model-files.ts'
import { openLocalModel } from './open-local-model.ts'
import { serverOptions } from './text-model.ts'

type ModelOptions = OptionValues<typeof modelOptions>

/**
 * Opens as much of a model as a method of compression needs: the tokenizer alone for `no-model`, an encoder for `llmlingua2`, else a
 * language model; where the method is chosen by content, whichever the model is. Closes it whatever happens.
 */
export async function withMethodModel<Result>(
  method: MethodName | undefined,
  options: ModelOptions,
  context: CommandContext,
  use: (model: MethodModel) => Promise<Result>,
): Promise<Result> {
  if (options.server !== undefined) {
    const remote = openaiCompatible(await serverOptions(options, options.server, context))
    await remote.connect({ signal: context.signal })
    return use(await remote.scorer({ signal: context.signal }))
  }
  const model = await openMethodModel(method, options, context)
  try {
    return await use(model)
  } finally {
    await model.close()
  }
}

async function openMethodModel(
  method: MethodName | undefined,
  options: ModelOptions,
  context: CommandContext,
): Promise<MethodModel & { close(): Promise<void> }> {
  if (method === 'no-model') {
    const files = await openFiles(options.model, options, context)
    return { tokenizer: files.tokenizer, close: () => files.close() }
  }
  if (method === 'llmlingua2') return openClassifier(options, context)
  try {
    return await openLocalModel(options, context)
  } catch (error) {
    const isEncoder = isLcError(error) && error.code === 'unsupported-model'
    if (!isEncoder || method !== undefined) throw error
    return openClassifier(options, context)
  }
}

function openClassifier({ model, device, offline }: ModelOptions, { signal, output }: CommandContext) {
  const place = { device: device ?? 'auto', ...(offline ? { offline } : {}) } as const
  return loadTokenClassifier(model, { signal, onProgress: output.progress, ...place })
}
