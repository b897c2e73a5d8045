import { type CallOptions, estimateTokenizer } from '@lc/model'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { resolveBudget } from '../compressor/resolve-budget.ts'
import type { HistoryOptions } from '../messages/compress-messages.ts'
import { historyMemory } from '../messages/history-memory.ts'
import { type HistoryEntry, type ShortHistory, shortenHistory } from '../messages/shorten-history.ts'
import { historyItem, type PromptMessage, rebuildMessage, renderPrompt } from './history-of-prompt.ts'

/** How much shorter a prompt became. */
export interface PromptReport {
  tokens: number
  originalTokens: number
  budget: number
  /** Names of the methods that were used, in order; empty when all fits. */
  methods: string[]
}

/** Options of `compressPrompt` and `compressSteps`. */
export interface CompressPromptOptions extends HistoryOptions {
  /** As in `compressMessages`. Defaults to a memory of its own, which serves all chats of the app. */
  memory?: HistoryOptions['memory']
  /** How messages are counted. Defaults to roles, texts, calls and results on lines of their own. */
  render?: ((messages: readonly PromptMessage[]) => string) | undefined
  /** Called for each prompt. */
  onReport?: ((report: PromptReport) => void) | undefined
}

/** Middleware for `wrapLanguageModel` of the AI SDK. */
export interface PromptMiddleware<Version extends 'v3' | 'v4' = 'v3'> {
  readonly specificationVersion: Version
  transformParams<
    Call extends { readonly prompt: readonly PromptMessage[]; readonly abortSignal?: AbortSignal | undefined },
  >(options: { params: Call }): Promise<Call>
}

/**
 * Middleware that keeps every prompt of an app within a budget: older messages and results of tools are compressed for the
 * question, system prompt and last turns stay.
 *
 * @throws BudgetTooSmallError when what is protected does not fit
 * @example
 * ```ts
 * import type { LanguageModelV3 } from '@ai-sdk/provider'
 * import { wrapLanguageModel } from 'ai'
 * import { compressPrompt } from '@lc/compress/ai-sdk'
 *
 * export function withShortPrompts(model: LanguageModelV3) {
 *   return wrapLanguageModel({ model, middleware: compressPrompt({ budget: 4000 }) })
 * }
 * ```
 */
export function compressPrompt(options: CompressPromptOptions & { specification: 'v4' }): PromptMiddleware<'v4'>
export function compressPrompt(options: CompressPromptOptions & { specification?: 'v3' }): PromptMiddleware<'v3'>
export function compressPrompt(
  options: CompressPromptOptions & { specification?: 'v3' | 'v4' },
): PromptMiddleware<'v3' | 'v4'> {
  const specification = checkOneOf(options.specification ?? 'v3', 'specification', ['v3', 'v4'])
  const remembering = withMemory(options)
  return {
    specificationVersion: specification,
    async transformParams({ params }) {
      const prompt = await shortenPrompt(params.prompt, remembering, { signal: params.abortSignal })
      return { ...params, prompt }
    },
  }
}

/**
 * A `prepareStep` for `generateText`, `streamText` and agents: before each step the messages are brought within a budget.
 *
 * @throws BudgetTooSmallError when what is protected does not fit
 */
export function compressSteps(
  options: CompressPromptOptions,
): <Kind extends PromptMessage>(step: { messages: Kind[] }) => Promise<{ messages: Kind[] }> {
  const remembering = withMemory(options)
  return async ({ messages }) => ({ messages: await shortenPrompt(messages, remembering, {}) })
}

function withMemory<Options extends CompressPromptOptions>(options: Options): Options {
  return { ...options, memory: options.memory ?? historyMemory() }
}

async function shortenPrompt<Kind extends PromptMessage>(
  messages: readonly Kind[],
  options: CompressPromptOptions,
  call: CallOptions,
): Promise<Kind[]> {
  const { model, onReport } = options
  const budget = resolveBudget(options.budget, model?.tokenizer ?? estimateTokenizer())
  const render = options.render ?? renderPrompt
  const rebuild = (entries: readonly HistoryEntry[]): Kind[] =>
    entries.map((entry) => rebuildMessage(messages[entry.index]!, entry))
  const items = messages.map(historyItem)
  const { entries, ...report }: ShortHistory = await shortenHistory({
    ...call,
    items,
    budget,
    count: (list) => budget.tokenizer.count(render(rebuild(list))),
    keepTurns: checkInteger(options.keepTurns ?? 1, 'keepTurns', { min: 0 }),
    query: options.query ?? items.findLast(({ role }) => role === 'user')?.contents.join('\n'),
    model,
    compress: options.compress,
    memory: options.memory === 'off' ? undefined : options.memory,
  })
  onReport?.({ ...report, budget: budget.tokens })
  return rebuild(entries)
}
