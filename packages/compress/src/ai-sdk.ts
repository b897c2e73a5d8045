/** Prompts and steps of AI SDK apps within a budget. @module */
export {
  type CompressPromptOptions,
  compressPrompt,
  compressSteps,
  type PromptMiddleware,
  type PromptReport,
} from './ai-sdk/compress-prompt.ts'
export type { PromptMessage, PromptPart } from './ai-sdk/history-of-prompt.ts'
