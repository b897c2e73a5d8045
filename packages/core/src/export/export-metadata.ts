/** @file The JSON files beside an exported model: configuration, generation defaults, tokenizer. */
import type { JsonObject, JsonValue } from '@lc/model'
import type { ModelFiles } from '../model-files/model-files.ts'
import { tokenizerJson } from '../tokenizer/tokenizer-json.ts'

/** Key under which transformers.js looks for its own settings. */
const ownSettings = 'transformers.js_config'

/** config.json, with the number of data files of each model file; other model files of the folder stay named. */
export function exportedConfig(
  files: ModelFiles,
  modelFile: string,
  dataFiles: number,
  before: JsonObject = {},
): JsonObject {
  const { lc_pooling: _, ...config } = files.config
  const settings = objectOf(before[ownSettings])
  const external = objectOf(settings.use_external_data_format)
  return {
    ...config,
    [ownSettings]: { ...settings, use_external_data_format: { ...external, [modelFile]: dataFiles } },
  }
}

/** generation_config.json of a decoder. */
export function exportedGenerationConfig(files: ModelFiles): JsonObject {
  const { special } = files.tokenizer
  return {
    ...(special.begin !== undefined && { bos_token_id: special.begin }),
    ...(special.padding !== undefined && { pad_token_id: special.padding }),
    ...files.generationConfig,
    eos_token_id: [...files.endTokens],
  }
}

/** tokenizer.json and tokenizer_config.json. */
export function exportedTokenizer(files: ModelFiles): { readonly tokenizer: JsonObject; readonly config: JsonObject } {
  return { tokenizer: tokenizerJson(files.tokenizerDefinition), config: tokenizerConfig(files) }
}

/** Classes whose tokenizers give token types; all others do what tokenizer.json says. */
const tokenizerClasses: Readonly<Record<string, string>> = {
  bert: 'BertTokenizer',
  roberta: 'RobertaTokenizer',
  'xlm-roberta': 'XLMRobertaTokenizer',
  camembert: 'CamembertTokenizer',
}

function tokenizerConfig(files: ModelFiles): JsonObject {
  const { tokenizer, config, chatTemplate } = files
  const modelType = typeof config.model_type === 'string' ? config.model_type : ''
  const names = {
    begin: 'bos_token',
    end: 'eos_token',
    unknown: 'unk_token',
    padding: 'pad_token',
    classification: 'cls_token',
    separator: 'sep_token',
    mask: 'mask_token',
  } as const
  const tokens: JsonObject = {}
  for (const [role, name] of Object.entries(names)) {
    const id = tokenizer.special[role as keyof typeof names]
    const token = id === undefined ? undefined : tokenizer.tokenOf(id)
    if (token !== undefined) tokens[name] = token
  }
  // batches need a token to fill up with, and the mask hides it
  if (tokens.pad_token === undefined && tokens.eos_token !== undefined) tokens.pad_token = tokens.eos_token
  const length = files.sentenceTransformers?.maxLength ?? config.max_position_embeddings
  return {
    tokenizer_class: tokenizerClasses[modelType] ?? 'PreTrainedTokenizerFast',
    ...(typeof length === 'number' && { model_max_length: length }),
    clean_up_tokenization_spaces: false,
    ...tokens,
    ...(chatTemplate && { chat_template: chatTemplate.source }),
  }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
