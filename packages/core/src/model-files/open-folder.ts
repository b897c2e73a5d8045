/** @file A model in a folder of the Hugging Face form: config.json, safetensors, tokenizer.json and what stands beside. */
import type { CallOptions, JsonObject, JsonValue } from '@lc/model'
import { FileFormatError } from '../errors/file-format-error.ts'
import { buildTokenizer } from '../tokenizer/build-tokenizer.ts'
import type { ChatTemplate } from '../tokenizer/chat-template.ts'
import { tokenizerFromJson } from '../tokenizer/from-tokenizer-json.ts'
import { jinjaChatTemplate } from '../tokenizer/jinja-chat-template.ts'
import type { LocalTokenizer } from '../tokenizer/local-tokenizer.ts'
import type { TokenizerDefinition } from '../tokenizer/tokenizer-definition.ts'
import type { ByteSource } from '../weights/byte-source.ts'
import { openSafetensors, openShardedSafetensors } from '../weights/safetensors/open-safetensors.ts'
import type { WeightSource } from '../weights/weight-source.ts'
import { endTokensOf } from './end-tokens.ts'
import type { ModelFiles } from './model-files.ts'
import { type ModelFolder, readJson, readJsonObject, readText } from './model-folder.ts'
import { readSentenceTransformers } from './sentence-transformers.ts'

export interface OpenFolderOptions extends CallOptions {
  /** Hashes the files that hold the weights. */
  readonly hashOf: (sources: readonly ByteSource[]) => Promise<string>
}

/**
 * Opens a model folder.
 *
 * @throws FileFormatError when a needed file is missing or wrong.
 */
export async function openFolder(folder: ModelFolder, options: OpenFolderOptions): Promise<ModelFiles> {
  const { signal } = options
  const config = await readJsonObject(folder, 'config.json', signal)
  if (!config) throw missing(folder, 'config.json', '; a GGUF file in it is named with its path')
  const generationConfig = await readJsonObject(folder, 'generation_config.json', signal)
  const tokenizerConfig = await readJsonObject(folder, 'tokenizer_config.json', signal)
  const tokenizerDefinition = await readTokenizer(folder, tokenizerConfig, signal)
  const tokenizer = buildTokenizer(tokenizerDefinition)
  const chatTemplate = await openChatTemplate(folder, tokenizerConfig, tokenizer, signal)
  const sentenceTransformers = await readSentenceTransformers(folder, signal)
  const { weights, sources } = await openWeights(folder, signal)
  try {
    return {
      name: folder.name,
      ...(sources[0]?.path !== undefined && { path: sources[0].path }),
      config,
      ...(generationConfig && { generationConfig }),
      weights,
      tokenizer,
      tokenizerDefinition,
      ...(chatTemplate && { chatTemplate }),
      endTokens: endTokensOf(tokenizer, [generationConfig?.eos_token_id, config.eos_token_id]),
      hash: await options.hashOf(sources),
      ...(sentenceTransformers && { sentenceTransformers }),
      close: () => weights.close(),
    }
  } catch (error) {
    await weights.close()
    throw error
  }
}

function missing(folder: ModelFolder, file: string, advice = ''): FileFormatError {
  return new FileFormatError({ file: folder.name, format: 'model folder', problem: `it has no ${file}${advice}` })
}

async function readTokenizer(
  folder: ModelFolder,
  config: JsonObject | undefined,
  signal: AbortSignal | undefined,
): Promise<TokenizerDefinition> {
  const json = await readJson(folder, 'tokenizer.json', signal)
  if (json === undefined) throw missing(folder, 'tokenizer.json', '; other tokenizer files are not read')
  const specialTokensMap = await readJsonObject(folder, 'special_tokens_map.json', signal)
  return tokenizerFromJson({ file: `${folder.name}/tokenizer.json`, json, config, specialTokensMap })
}

async function openWeights(
  folder: ModelFolder,
  signal: AbortSignal | undefined,
): Promise<{ weights: WeightSource; sources: ByteSource[] }> {
  const single = await folder.open('model.safetensors')
  if (single) {
    try {
      return { weights: await openSafetensors(single, signal), sources: [single] }
    } catch (error) {
      await single.close()
      throw error
    }
  }
  const json = await readJson(folder, 'model.safetensors.index.json', signal)
  if (json === undefined)
    throw missing(
      folder,
      'model.safetensors',
      ' and no model.safetensors.index.json; pickled checkpoints (.bin, .pt) are not read',
    )
  const sources: ByteSource[] = []
  const file = `${folder.name}/model.safetensors.index.json`
  const openShard = async (name: string): Promise<ByteSource | undefined> => {
    const source = await folder.open(name)
    if (source) sources.push(source)
    return source
  }
  return { weights: await openShardedSafetensors({ file, json }, openShard, signal), sources }
}

/** The template for plain chats, and one for tools where the files have one. */
async function openChatTemplate(
  folder: ModelFolder,
  config: JsonObject | undefined,
  tokenizer: LocalTokenizer,
  signal: AbortSignal | undefined,
): Promise<ChatTemplate | undefined> {
  const own = await readText(folder, 'chat_template.jinja', signal)
  if (own !== undefined) return jinjaChatTemplate(own, { file: `${folder.name}/chat_template.jinja`, tokenizer })
  let value: JsonValue | undefined = config?.chat_template
  let file = 'tokenizer_config.json'
  if (value === undefined || value === null) {
    file = 'chat_template.json'
    value = (await readJsonObject(folder, file, signal))?.chat_template
  }
  if (value === undefined || value === null) return undefined
  const path = `${folder.name}/${file}`
  if (typeof value === 'string') return jinjaChatTemplate(value, { file: path, tokenizer })
  const named = namedTemplates(value, path)
  const source = named.get('default') ?? [...named.values()][0]
  return source === undefined
    ? undefined
    : jinjaChatTemplate(source, { file: path, tokenizer, toolSource: named.get('tool_use') })
}

function namedTemplates(value: JsonValue, file: string): Map<string, string> {
  const named = new Map<string, string>()
  for (const entry of Array.isArray(value) ? value : [value]) {
    const { name, template } = (
      typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? entry : {}
    ) as JsonObject
    if (typeof name !== 'string' || typeof template !== 'string')
      throw new FileFormatError({
        file,
        format: 'chat template',
        problem: 'chat_template is neither text nor a list of named texts',
      })
    named.set(name, template)
  }
  return named
}
