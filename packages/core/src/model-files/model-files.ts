import type { CallOptions, JsonObject } from '@lc/model'
import type { FilePlatform } from '../platform/file-platform.ts'
import type { ChatTemplate } from '../tokenizer/chat-template.ts'
import type { LocalTokenizer } from '../tokenizer/local-tokenizer.ts'
import type { TokenizerDefinition } from '../tokenizer/tokenizer-definition.ts'
import type { WeightSource } from '../weights/weight-source.ts'

/** How a sentence-transformers folder wraps its encoder. */
export interface SentenceTransformers {
  /** Kinds of the modules in order, for example `['Transformer', 'Pooling', 'Normalize']`. */
  readonly modules: readonly string[]
  /** `1_Pooling/config.json`, or undefined without a pooling module. */
  readonly pooling?: JsonObject
  readonly maxLength?: number
  readonly lowerCase?: boolean
  /** Prompts put before a text, by name (`query`, `document`, ...). */
  readonly prompts: Readonly<Record<string, string>>
  readonly defaultPrompt?: string
}

/** Everything that a model is made of, opened and checked; weights are read on demand. */
export interface ModelFiles {
  /** What the model was opened by, for messages. */
  readonly name: string
  /** The file of the weights on this machine, the first of several; missing for addresses and bytes. */
  readonly path?: string
  /** `config.json` in the Hugging Face form; for GGUF files made from the metadata. */
  readonly config: JsonObject
  readonly generationConfig?: JsonObject
  readonly weights: WeightSource
  readonly tokenizer: LocalTokenizer
  /** What the tokenizer is made from; `tokenizerJson` writes it as a `tokenizer.json`. */
  readonly tokenizerDefinition: TokenizerDefinition
  readonly chatTemplate?: ChatTemplate
  /** Ids that end a generated text: the files' end tokens and the end-of-turn tokens in the vocabulary. */
  readonly endTokens: readonly number[]
  /** Identifies the bytes of the weights: SHA-256 in hex. */
  readonly hash: string
  readonly sentenceTransformers?: SentenceTransformers
  /** What a user should know about the files, one sentence each. */
  readonly warnings?: readonly string[]
  close(): Promise<void>
}

/**
 * What to open: an alias (`smollm2-135m`), a path of a `.gguf` file or a model folder, or a hub id
 * (`org/name`, `org/name@revision`, `org/name/file.gguf`); in browsers also the bytes themselves.
 */
export type ModelSource =
  | string
  | { file: string | Blob }
  | { folder: string }
  | { repository: string; revision?: string; file?: string }

/** Options of `openModel`. */
export interface OpenModelOptions extends CallOptions {
  platform: FilePlatform
  /** Makes no requests; only what lies in the cache. Defaults to the setting of `HF_HUB_OFFLINE`. */
  offline?: boolean
}
