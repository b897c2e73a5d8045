/** Chat histories and tool results to a budget: system prompt and last turns stay. @module */
export {
  type CompressedMessages,
  type CompressMessagesOptions,
  compressMessages,
  type HistoryOptions,
} from './messages/compress-messages.ts'
export {
  type HistoryDecision,
  type HistoryMemory,
  type HistoryMemoryOptions,
  historyMemory,
} from './messages/history-memory.ts'
export { renderMessages } from './messages/render-messages.ts'
export type { HistoryCompressor } from './messages/shorten-history.ts'
