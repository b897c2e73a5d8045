/** @file A `LanguageModel` with given answers, for the tests of this room: what matters here is what a bridge makes of them. */
import type { GenerateRequest, GenerateResult, LanguageModel, StreamPart } from '../capability/language-model.ts'

/** A model that gives its answers in turn and keeps the requests. */
export interface ScriptedLanguageModel extends LanguageModel {
  readonly requests: GenerateRequest[]
}

/** Answers in turn; an error is thrown; a function sees the request. */
export function scriptedLanguageModel(
  ...answers: (Partial<GenerateResult> | Error | ((request: GenerateRequest) => Partial<GenerateResult>))[]
): ScriptedLanguageModel {
  const requests: GenerateRequest[] = []
  const generate = async (request: GenerateRequest): Promise<GenerateResult> => {
    request.signal?.throwIfAborted()
    const answer = answers[Math.min(requests.length, answers.length - 1)]!
    requests.push(request)
    if (answer instanceof Error) throw answer
    const result = typeof answer === 'function' ? answer(request) : answer
    return { text: '', finishReason: 'stop', usage: { promptTokens: 7, completionTokens: 3 }, ...result }
  }
  return {
    id: 'scripted',
    contextLength: 1000,
    requests,
    generate,
    async *stream(request): AsyncGenerator<StreamPart> {
      const { text, toolCalls = [], finishReason, usage, logprobs } = await generate(request)
      for (const [index, word] of text.split(/(?<= )/).entries()) {
        request.signal?.throwIfAborted()
        const logprob = logprobs?.[index]
        yield { type: 'text-delta', text: word, ...(logprob === undefined ? {} : { logprob }) }
      }
      for (const toolCall of toolCalls) yield { type: 'tool-call', toolCall }
      yield { type: 'finish', finishReason, usage }
    },
  }
}
