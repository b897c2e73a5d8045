/**
 * @file What the adapters need of loaded objects of transformers.js (`@huggingface/transformers` 4), as plain types: the
 * package is no dependency.
 */

/** A tensor whose data is at hand. */
export interface LoadedTensor {
  readonly data: ArrayLike<number | bigint> | unknown
  readonly dims: readonly number[]
}

/** What a tokenizer gives for a batch: the inputs of a model. */
export interface LoadedEncoding {
  readonly input_ids: LoadedTensor
  readonly attention_mask: LoadedTensor
}

/** Options of a tokenizer call that the adapters use. */
export interface LoadedTokenizerOptions {
  text_pair?: string[]
  padding?: boolean
  truncation?: boolean
  add_special_tokens?: boolean
}

/** A loaded tokenizer, for example `pipeline.tokenizer` or what `AutoTokenizer.from_pretrained` gives. */
export interface LoadedTokenizer {
  (text: string[], options?: LoadedTokenizerOptions): LoadedEncoding
  encode(text: string, options?: { add_special_tokens?: boolean }): number[]
  tokenize(text: string, options?: { add_special_tokens?: boolean }): string[]
  decode(ids: number[], options?: { skip_special_tokens?: boolean; clean_up_tokenization_spaces?: boolean }): string
  apply_chat_template(
    messages: { role: string; content: string }[],
    options: { tokenize: false; add_generation_prompt: boolean },
  ): string
  readonly all_special_ids: readonly number[]
  readonly all_special_tokens: readonly string[]
}

/** A loaded model, for example `pipeline.model`. */
export interface LoadedModel {
  (inputs: LoadedEncoding): Promise<{ readonly logits?: LoadedTensor }>
  readonly config: object
}

/** A loaded decoder. */
export interface LoadedDecoder {
  generate(options: object): Promise<unknown>
  readonly config: object
  readonly generation_config?: object | null
}

/** A loaded pipeline, or a tokenizer and a model that were loaded apart. */
export interface LoadedPair<Model> {
  readonly tokenizer: LoadedTokenizer
  readonly model: Model
}

/** A loaded pipeline of the task `feature-extraction`. */
export interface LoadedFeatureExtraction {
  (
    texts: string[],
    options?: { pooling?: 'none' | 'mean' | 'cls' | 'last_token'; normalize?: boolean },
  ): Promise<LoadedTensor>
  readonly model: { readonly config: object }
}

/** A number of a configuration file, by the first of its names that is there. */
export function configNumber(config: object | null | undefined, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = (config as Record<string, unknown> | null | undefined)?.[name]
    if (typeof value === 'number' && Number.isFinite(value)) return value
  }
  return undefined
}

/** The name under which a model was loaded, where its configuration tells. */
export function configName(config: object): string {
  const name = (config as { _name_or_path?: unknown })._name_or_path
  return typeof name === 'string' && name !== '' ? name : 'transformers.js'
}
