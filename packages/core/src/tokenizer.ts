/** Tokenizers and chat templates of local models. @module */

export { buildTokenizer } from './tokenizer/build-tokenizer.ts'
export type { ChatTemplate, ChatTemplateRequest, RenderedChat } from './tokenizer/chat-template.ts'
export { tokenizerFromGguf } from './tokenizer/from-gguf.ts'
export { type TokenizerFiles, tokenizerFromJson } from './tokenizer/from-tokenizer-json.ts'
export { type JinjaChatTemplateOptions, jinjaChatTemplate } from './tokenizer/jinja-chat-template.ts'
export type { LocalTokenizer, PairEncoding, SpecialTokens, StreamDecoder } from './tokenizer/local-tokenizer.ts'
export type { TokenizerDefinition } from './tokenizer/tokenizer-definition.ts'
