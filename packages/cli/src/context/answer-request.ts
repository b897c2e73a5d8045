import type { GenerateRequest } from '@lc/model'

/** The chat by which a question about a context is asked. */
export function answerRequest(query: string, context: string, request: GenerateRequest): GenerateRequest {
  return {
    ...request,
    messages: [
      {
        role: 'user',
        content: `Context:\n${context.trimEnd()}\n\nQuestion: ${query}\nAnswer in one short sentence.`,
      },
    ],
  }
}
