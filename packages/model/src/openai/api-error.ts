/** @file Refusals of a server, told apart by what they say: too long, a field that it does not know, anything else. */
import { ApiCallError } from '../errors/api-call-error.ts'
import { ContextLengthError } from '../errors/context-length-error.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'

/** The error that a user can act on: a typed one where the server's words allow it, else the error itself. */
export function translateApiError(error: unknown, model: string, sent: Readonly<Record<string, unknown>>): unknown {
  if (!(error instanceof ApiCallError)) return error
  if (error.status !== 400 && error.status !== 422 && error.status !== 413 && error.status !== 501) return error
  const text = `${error.problem ?? ''}\n${error.body ?? ''}`
  const length = readContextLength(text)
  if (length) return new ContextLengthError({ ...length, model, cause: error })
  const field = refusedField(text, sent)
  if (field === undefined && !/"code":\s*"unsupported_(parameter|value)"/.test(text)) return error
  return new UnsupportedCapabilityError({
    model,
    capability: field === undefined ? 'do what was asked' : `take the field ${field}`,
    alternatives: `the server says: ${(error.problem ?? '').slice(0, 200)}`,
    cause: error,
  })
}

/** Numbers of the messages of OpenAI, vLLM, llama-cpp-python ("maximum context length is N"), llama.cpp and SGLang. */
function readContextLength(text: string): { tokens: number; limit: number } | undefined {
  const limit =
    /(?:maximum context length (?:is|of)|maximum model length of|model's context length \(|"n_ctx":)\s*(\d+)/i.exec(
      text,
    )
  if (!limit) return undefined
  const tokens =
    /"n_prompt_tokens":\s*(\d+)/.exec(text) ??
    /(?:requested|resulted in|request has|prompt contains(?: at least)?|input \(|length of)\s*(\d+)/i.exec(text) ??
    /(\d+) (?:input |output )?tokens/i.exec(text.slice(limit.index + limit[0].length + ' tokens'.length))
  return { limit: Number(limit[1]), tokens: tokens ? Number(tokens[1]) : Number(limit[1]) + 1 }
}

/** The field that we sent and that the message calls unknown; undefined when the message speaks of something else. */
function refusedField(text: string, sent: Readonly<Record<string, unknown>>): string | undefined {
  const refuses =
    /unsupported|not supported|does(?:n't| not) support|unrecogni[sz]ed|unexpected|unknown|not permitted|not allowed|extra_forbidden/i
  if (!refuses.test(text)) return undefined
  const protectedFields = new Set(['model', 'messages', 'prompt', 'input', 'stream'])
  return Object.keys(sent).find(
    (name) => !protectedFields.has(name) && new RegExp(`(?<![\\w.])${name}(?!\\w)`).test(text),
  )
}
