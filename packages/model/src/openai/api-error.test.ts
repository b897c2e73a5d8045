import { describe, expect, test } from 'vitest'
import { ApiCallError } from '../errors/api-call-error.ts'
import { translateApiError } from './api-error.ts'

const refusal = (status: number, problem: string, body = problem) =>
  new ApiCallError({ endpoint: 'http://x/v1/completions', status, retryable: false, problem, body })

describe('translateApiError', () => {
  test.each([
    [
      'OpenAI',
      "This model's maximum context length is 4097 tokens. However, your messages resulted in 5000 tokens.",
      5000,
      4097,
    ],
    [
      'vLLM',
      "This model's maximum context length is 2048 tokens. However, you requested 3000 tokens (2900 in the messages, 100 in the completion).",
      3000,
      2048,
    ],
    [
      'llama-cpp-python',
      "This model's maximum context length is 512 tokens, however you requested 605 tokens (601 in your prompt; 4 for the completion).",
      605,
      512,
    ],
    [
      'llama.cpp',
      '{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":8192}}',
      9000,
      8192,
    ],
    ['SGLang', "The input (3000 tokens) is longer than the model's context length (2048 tokens).", 3000, 2048],
  ])('the words of %s about the context become a ContextLengthError', (_, message, tokens, limit) => {
    expect(translateApiError(refusal(400, message), 'm', {})).toMatchObject({
      code: 'context-length',
      tokens,
      limit,
      model: 'm',
    })
  })

  test.each([
    ['OpenAI', 400, 'Unrecognized request argument supplied: top_k', 'top_k'],
    ['vLLM', 400, "[{'type': 'extra_forbidden', 'loc': ('body', 'min_p')}]", 'min_p'],
    ['transformers', 422, "Unsupported fields in the request: {'response_format'}", 'response_format'],
    [
      'a parameter that the model does not take',
      400,
      "Unsupported parameter: 'seed' is not supported with this model.",
      'seed',
    ],
  ])('a field that %s does not know becomes an UnsupportedCapabilityError', (_, status, message, field) => {
    const sent = { model: 'm', messages: [], top_k: 1, min_p: 0, response_format: {}, seed: 1 }
    expect(translateApiError(refusal(status, message), 'm', sent)).toMatchObject({
      code: 'unsupported-capability',
      capability: `take the field ${field}`,
      cause: expect.objectContaining({ status }),
    })
  })

  test.each([
    ['a field that was not sent', refusal(400, 'Unrecognized request argument supplied: foo')],
    ['a bad value of a known field', refusal(400, 'temperature must be non-negative')],
    ['another status', refusal(500, 'Unsupported parameter: seed')],
    ['another error', new TypeError('x')],
  ])('%s stays what it is', (_, error) => {
    expect(translateApiError(error, 'm', { seed: 1, temperature: -1 })).toBe(error)
  })
})
