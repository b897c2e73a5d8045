/** Tokenizers and chat templates of local models. @module */
export type { ChatTemplate, ChatTemplateRequest, RenderedChat } from './tokenizer/chat-template.ts'
export type { LocalTokenizer, PairEncoding, SpecialTokens, StreamDecoder } from './tokenizer/local-tokenizer.ts'
