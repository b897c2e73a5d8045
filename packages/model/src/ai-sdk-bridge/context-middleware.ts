import type { TokenBudget } from '../budget/token-budget.ts'
import { checkOneOf } from '../check/check-argument.ts'
import type { JoinedPassages } from '../passage/join-passages.ts'
import type { Passage } from '../passage/passage.ts'
import { renderPassages } from '../passage/render-passages.ts'
import type { ContextState } from '../stage/context-state.ts'
import { createRunContext } from '../stage/create-run-context.ts'
import type { RunEvent } from '../stage/run-event.ts'
import type { Stage } from '../stage/stage.ts'
import { fromPrompt } from './from-prompt.ts'
import type { ContextMiddleware, MiddlewareCall } from './middleware-specification.ts'
import type { AiSdkPromptMessage } from './prompt-specification.ts'
import { readContext, writeContext } from './read-context.ts'

/** Options of `contextMiddleware`. */
export interface ContextMiddlewareOptions {
  /** The specification to report. Defaults to `'v3'`, which `ai` 6 and 7 take. */
  specification?: 'v3' | 'v4'
  /** The layout of what is left. Defaults to `renderPassages`. */
  render?: (passages: readonly Passage[]) => JoinedPassages
  /** Given to the stage as `run.budget`. */
  budget?: TokenBudget
  /** What happens while the stage runs. */
  onEvent?: (event: RunEvent) => void
  /** The state that the stage gave: passages and reports. */
  onState?: (state: ContextState) => void
}

/**
 * A middleware for `wrapLanguageModel` that runs a stage over the context of every prompt: an app compresses what it
 * sends with one line. Context are the text files of the last user message and its text parts before the last, which is
 * the question; in a single text, what stands above the last blank line. Prompts without context pass unchanged.
 *
 * @example
 * ```ts
 * import type { LanguageModelV3 } from '@ai-sdk/provider'
 * import { wrapLanguageModel } from 'ai'
 * import type { ContextState, Stage } from '@lc/model'
 * import { contextMiddleware } from '@lc/model/ai-sdk'
 *
 * export function withLessContext(model: LanguageModelV3, compress: Stage<ContextState, ContextState>) {
 *   return wrapLanguageModel({ model, middleware: contextMiddleware(compress) })
 * }
 * ```
 */
export function contextMiddleware(
  stage: Stage<ContextState, ContextState>,
  options: ContextMiddlewareOptions & { specification: 'v4' },
): ContextMiddleware<'v4'>
export function contextMiddleware(
  stage: Stage<ContextState, ContextState>,
  options?: ContextMiddlewareOptions & { specification?: 'v3' },
): ContextMiddleware<'v3'>
export function contextMiddleware(
  stage: Stage<ContextState, ContextState>,
  options: ContextMiddlewareOptions = {},
): ContextMiddleware<'v3' | 'v4'> {
  const { specification = 'v3', render = renderPassages, budget, onEvent, onState } = options
  checkOneOf(specification, 'specification', ['v3', 'v4'])
  return {
    specificationVersion: specification,
    async transformParams<Call extends MiddlewareCall>({ params }: { params: Call }): Promise<Call> {
      const found = readContext(params.prompt)
      if (found === undefined) return params
      const run = createRunContext({
        signal: params.abortSignal,
        ...(budget === undefined ? {} : { budget }),
        ...(onEvent === undefined ? {} : { emit: onEvent }),
      })
      const { query, passages } = found
      const messages = historyOf(params.prompt.slice(0, found.messageIndex))
      const state = await stage({ query, messages, passages, reports: [] }, run)
      onState?.(state)
      return { ...params, prompt: writeContext(params.prompt, found, render(state.passages).text) }
    },
  }
}

/** The conversation before the question; attachments that are not text are no part of it. */
function historyOf(prompt: readonly AiSdkPromptMessage[]) {
  const textOnly = prompt.map((message) =>
    typeof message.content === 'string'
      ? message
      : { ...message, content: message.content.filter((part) => part.type !== 'file') },
  )
  return fromPrompt(textOnly, 'the prompt')
}
