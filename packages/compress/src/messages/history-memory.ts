/**
 * @file What became of the messages of a history, so that later turns leave it at that: a provider's prompt cache holds as long as
 * the beginning of the prompt stays the same.
 */
import { contentHash } from '@lc/model'
import { checkInteger } from '@lc/model/check'

/** What became of a message: its texts, or that it is gone. */
export type HistoryDecision = readonly string[] | 'dropped'

/** Decisions by the history up to a message. One memory serves any number of chats. */
export interface HistoryMemory {
  recall(key: string): HistoryDecision | undefined
  remember(key: string, decision: HistoryDecision): void
}

/** Options of `historyMemory`. */
export interface HistoryMemoryOptions {
  /** Messages whose decisions are kept; the least recently used go first. Defaults to 4,096. */
  messages?: number | undefined
}

/** A memory for `compressMessages` and the doors built on it. */
export function historyMemory(options: HistoryMemoryOptions = {}): HistoryMemory {
  const limit = checkInteger(options.messages ?? 4096, 'messages', { min: 1 })
  const decisions = new Map<string, HistoryDecision>()
  const remember = (key: string, decision: HistoryDecision): void => {
    decisions.delete(key)
    decisions.set(key, decision)
    if (decisions.size <= limit) return
    const [oldest] = decisions.keys()
    decisions.delete(oldest!)
  }
  return {
    recall(key) {
      const decision = decisions.get(key)
      if (decision !== undefined) remember(key, decision)
      return decision
    },
    remember,
  }
}

/** For each message a key of all messages up to it. */
export function historyKeys(items: readonly { role: string; contents: readonly string[] }[]): string[] {
  let key = ''
  return items.map(({ role, contents }) => {
    key = contentHash({ json: [key, role, [...contents]] })
    return key
  })
}
