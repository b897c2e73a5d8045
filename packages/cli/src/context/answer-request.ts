import type { GenerateRequest } from '@lc/model'

/** The chat by which a question about a context is asked. */
export function answerRequest(query: string, context: string, request: GenerateRequest): GenerateRequest {
  return {
    ...request,
    messages: [
      {
        role: 'user',
        content: `${context.trimEnd()}\n\nAnswer the question from the text above, briefly.\nQuestion: ${query}`,
      },
    ],
  }
}
