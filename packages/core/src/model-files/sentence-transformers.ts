import type { JsonObject, JsonValue } from '@lc/model'
import { FileFormatError } from '../errors/file-format-error.ts'
import type { SentenceTransformers } from './model-files.ts'
import { type ModelFolder, readJson, readJsonObject } from './model-folder.ts'

/**
 * Reads how sentence-transformers wraps an encoder: `modules.json`, the pooling and length settings, the prompts.
 * Undefined for a folder without `modules.json`.
 *
 * @throws FileFormatError.
 */
export async function readSentenceTransformers(
  folder: ModelFolder,
  signal?: AbortSignal,
): Promise<SentenceTransformers | undefined> {
  const list = await readJson(folder, 'modules.json', signal)
  if (list === undefined) return undefined
  const modules = readModules(list, `${folder.name}/modules.json`)
  const poolingPath = modules.find((module) => module.kind === 'Pooling')?.path
  const pooling =
    poolingPath === undefined ? undefined : await readJsonObject(folder, `${poolingPath}/config.json`, signal)
  const settings = await readJsonObject(folder, 'sentence_bert_config.json', signal)
  const prompts = await readJsonObject(folder, 'config_sentence_transformers.json', signal)
  const maxLength = settings?.max_seq_length
  return {
    modules: modules.map((module) => module.kind),
    ...(pooling && { pooling }),
    ...(typeof maxLength === 'number' && Number.isInteger(maxLength) && maxLength > 0 && { maxLength }),
    ...(typeof settings?.do_lower_case === 'boolean' && { lowerCase: settings.do_lower_case }),
    prompts: textsOf(prompts?.prompts),
    ...(typeof prompts?.default_prompt_name === 'string' && { defaultPrompt: prompts.default_prompt_name }),
  }
}

function readModules(value: JsonValue, file: string): { kind: string; path: string }[] {
  const fail = (problem: string): FileFormatError =>
    new FileFormatError({ file, format: 'sentence-transformers', problem })
  if (!Array.isArray(value)) throw fail('it is not a list of modules')
  return value.map((entry) => {
    const { type, path } = (
      typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? entry : {}
    ) as JsonObject
    if (typeof type !== 'string' || typeof path !== 'string') throw fail('a module has no type or path')
    // a path leads into the model's own folder and nowhere else
    if (!/^(?:[A-Za-z0-9_][\w.-]*)?$/.test(path))
      throw fail(`the path ${JSON.stringify(path.slice(0, 80))} is not a folder name`)
    return { kind: type.slice(type.lastIndexOf('.') + 1), path }
  })
}

function textsOf(value: JsonValue | undefined): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
