import { type ModelFiles, openModel } from '@lc/core/hub'
import { nodeFilePlatform } from '@lc/core/node'
import type { JsonObject } from '@lc/model'
import type { CommandContext } from '../command/command.ts'

/** Opens the files of a model, fetching them first if they are not here. The caller closes the result. */
export function openFiles(
  name: string,
  options: { offline: boolean },
  { env, signal, output }: CommandContext,
): Promise<ModelFiles> {
  const offline = options.offline ? { offline: true } : {}
  return openModel(name, { platform: nodeFilePlatform(env), signal, onProgress: output.progress, ...offline })
}

/** Whether a model can be opened without fetching anything. */
export async function isPresent(name: string, context: CommandContext): Promise<boolean> {
  try {
    const files = await openFiles(name, { offline: true }, context)
    await files.close()
    return true
  } catch {
    context.signal.throwIfAborted()
    return false
  }
}

/** What `lc models info --json` prints; what the files do not say is null. */
export interface ModelDocument {
  name: string
  file: string | null
  sha256: string
  family: string | null
  layers: number | null
  hiddenSize: number | null
  contextLength: number | null
  vocabulary: number | null
  parameters: number
  weightBytes: number
  /** Tensors of each type. */
  types: Record<string, number>
  chatTemplate: boolean
  pooling: string[] | null
}

/** What the files say about a model. */
export function describeModel(files: ModelFiles): ModelDocument {
  const { config, weights } = files
  const types: Record<string, number> = {}
  let parameters = 0
  let weightBytes = 0
  for (const name of weights.names) {
    const { dtype, shape, byteLength } = weights.info(name)!
    types[dtype] = (types[dtype] ?? 0) + 1
    parameters += shape.reduce((product, size) => product * size, 1)
    weightBytes += byteLength
  }
  return {
    name: files.name,
    file: files.path ?? null,
    sha256: files.hash,
    family: textOf(config, 'model_type'),
    layers: numberOf(config, 'num_hidden_layers'),
    hiddenSize: numberOf(config, 'hidden_size'),
    contextLength: numberOf(config, 'max_position_embeddings'),
    vocabulary: numberOf(config, 'vocab_size'),
    parameters,
    weightBytes,
    types,
    chatTemplate: files.chatTemplate !== undefined,
    pooling: files.sentenceTransformers ? [...files.sentenceTransformers.modules] : null,
  }
}

function numberOf(config: JsonObject, key: string): number | null {
  const value = config[key]
  return typeof value === 'number' ? value : null
}

function textOf(config: JsonObject, key: string): string | null {
  const value = config[key]
  return typeof value === 'string' ? value : null
}
