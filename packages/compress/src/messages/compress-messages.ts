/** @file Chat histories: system prompt and last turns stay as they are, what is older is compressed or goes. */
import { type CallOptions, estimateTokenizer, type Message, type TokenBudget } from '@lc/model'
import { checkArgument, checkInteger } from '@lc/model/check'
import type { CompressionModel } from '../choose/choose-method.ts'
import { resolveBudget } from '../compressor/resolve-budget.ts'
import type { HistoryMemory } from './history-memory.ts'
import { renderMessages } from './render-messages.ts'
import { type HistoryCompressor, type HistoryEntry, shortenHistory } from './shorten-history.ts'

/** What histories are shortened by. */
export interface HistoryOptions {
  /** Tokens of the rendered messages at most; a number counts in the model's tokenizer, without a model in an estimate. */
  budget: number | TokenBudget
  /** A scorer or a token classifier; without one whole sentences and lines are chosen by words of the query. */
  model?: CompressionModel | undefined
  /** What the old messages are needed for. Defaults to the last message of the user. */
  query?: string | undefined
  /** Turns at the end that stay as they are; a turn begins with a message of the user. Defaults to 1. */
  keepTurns?: number | undefined
  /** What compresses old messages. Defaults to `compress`, which chooses a method. */
  compress?: HistoryCompressor | undefined
  /**
   * Earlier decisions (`historyMemory()`), so that a chat's beginning stays the same from turn to turn and the provider's prompt
   * cache holds: what was shortened stays as it is while the budget allows. When it does not, the history is brought down to
   * 70 % of the budget, which leaves room for the next turns. `'off'` decides each time anew and uses the whole budget.
   */
  memory?: HistoryMemory | 'off' | undefined
}

/** Options of `compressMessages`. */
export interface CompressMessagesOptions extends HistoryOptions, CallOptions {
  /** How messages are counted. Defaults to `renderMessages`. */
  render?: ((messages: readonly Message[]) => string) | undefined
}

/** A shorter history. */
export interface CompressedMessages {
  /** Of the messages given, in order: unchanged, with less content, or absent. A tool's result never loses its call. */
  messages: Message[]
  /** Indices of the messages given that `messages` are. */
  kept: number[]
  /** Tokens of `messages` as rendered; at most the budget. */
  tokens: number
  originalTokens: number
  budget: number
  /** Names of the methods that were used, in order; empty when all fits. */
  methods: string[]
  /**
   * The whole content of a message by its index among those given.
   * @throws InvalidArgumentError
   */
  expand(index: number): string
}

/**
 * Shortens a chat to a budget: exact over the rendered messages. System messages and the last turns are never touched; of older
 * messages (tool results above all) the content is compressed for the question, and what is still too much goes turn by turn,
 * the oldest first, calls and their results together.
 *
 * @throws BudgetTooSmallError when what is protected does not fit; InvalidArgumentError
 * @example
 * ```ts
 * import { compressMessages } from '@lc/compress/messages'
 *
 * const { messages, tokens } = await compressMessages(
 *   [
 *     { role: 'system', content: 'You help.' },
 *     { role: 'user', content: 'Here are the notes. '.repeat(200) },
 *     { role: 'assistant', content: 'Thank you.' },
 *     { role: 'user', content: 'What do the notes say?' },
 *   ],
 *   { budget: 120 },
 * )
 * console.log(messages.length, tokens <= 120) // 4 true
 * ```
 */
export async function compressMessages(
  messages: readonly Message[],
  options: CompressMessagesOptions,
): Promise<CompressedMessages> {
  checkArgument(Array.isArray(messages), 'messages', messages, 'an array of messages')
  const { model, signal, onProgress } = options
  const budget = resolveBudget(options.budget, model?.tokenizer ?? estimateTokenizer())
  const render = options.render ?? renderMessages
  const rebuild = (entries: readonly HistoryEntry[]): Message[] =>
    entries.map(({ index, contents }) => ({ ...messages[index]!, content: contents[0]! }))
  const { entries, ...report } = await shortenHistory({
    items: messages.map(({ role, content }) => ({ role, contents: [content] })),
    budget,
    count: (list) => budget.tokenizer.count(render(rebuild(list))),
    keepTurns: checkInteger(options.keepTurns ?? 1, 'keepTurns', { min: 0 }),
    query: options.query ?? messages.findLast(({ role }) => role === 'user')?.content,
    model,
    compress: options.compress,
    memory: options.memory === 'off' ? undefined : options.memory,
    signal,
    onProgress,
  })
  return {
    ...report,
    messages: rebuild(entries),
    kept: entries.map(({ index }) => index),
    budget: budget.tokens,
    expand: (index) => messages[checkInteger(index, 'index', { min: 0, max: messages.length - 1 })]!.content,
  }
}
