import type { GenerateRequest, LanguageModel, StreamPart } from '../capability/language-model.ts'
import type { SuiteOptions } from './suite-runner.ts'

/** The language model under test. */
export interface LanguageModelSuiteOptions extends SuiteOptions<LanguageModel> {
  /** Continued by the tests. Defaults to a short English sentence. */
  prompt?: string
  /** Tokens per answer; with fewer the tests are quicker. Defaults to 12. */
  maxTokens?: number
  /** Whether greedy answers repeat. Defaults to `'always'`; servers that batch may not. */
  repeats?: 'always' | 'unknown'
  /** Whether raw prompts are taken; a chat-only model refuses them. Defaults to true. */
  takesPrompt?: boolean
  /** Whether a prompt longer than the context is a `ContextLengthError`. Defaults to true. */
  refusesLongPrompts?: boolean
}

/** The options with defaults, and the request that the tests start from. */
export interface LanguageModelCase extends LanguageModelSuiteOptions {
  request: GenerateRequest & { maxTokens: number }
  repeats: 'always' | 'unknown'
}

/** All parts of a stream. */
export async function readStream(stream: AsyncIterable<StreamPart>): Promise<StreamPart[]> {
  const parts: StreamPart[] = []
  for await (const part of stream) parts.push(part)
  return parts
}
