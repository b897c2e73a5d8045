import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLcError } from '../errors/lc-error.ts'
import { byteTokenizer } from '../testing-kit/byte-tokenizer.ts'
import { openaiCompatible } from './openai-model.ts'

/** JSON that looks like an answer, with anything in the places where something is looked for. */
const anything = fc.jsonValue({ maxDepth: 2 })
const near = (...values: unknown[]) =>
  fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: anything })
const logprobs = fc.oneof(
  anything,
  fc.record({
    content: fc.array(
      fc.oneof(anything, fc.record({ token: near('a', ' '), logprob: near(-1), top_logprobs: near([]) })),
    ),
  }),
  fc.record({
    tokens: near(['a', 'b'], []),
    token_logprobs: near([-1, -2], [null]),
    top_logprobs: near([{ a: -1 }], null),
    text_offset: anything,
  }),
)
const message = fc.record({
  content: near('hello', null),
  tool_calls: near(
    null,
    [{ id: 'a', function: { name: 'f', arguments: '{}' } }],
    [{ index: 0, function: { arguments: 7 } }],
  ),
})
const choice = fc.record({
  index: near(0, 1),
  text: near('hello'),
  message: fc.oneof(anything, message),
  delta: fc.oneof(anything, message),
  finish_reason: near('stop', 'length', null),
  logprobs,
  prompt_logprobs: near([null, { 5: { logprob: -1, decoded_token: 'x' } }]),
  prompt_token_ids: near([1, 2]),
  token_ids: near([3]),
})
const answer = fc.oneof(
  anything,
  fc.record({
    choices: fc.oneof(anything, fc.array(fc.oneof(anything, choice), { maxLength: 3 })),
    usage: near({ prompt_tokens: 1, completion_tokens: 1 }, null),
    data: near([{ id: 'm', owned_by: 'vllm' }], [{ embedding: [1, 2], index: 0 }], [{ embedding: 'AACAPw==' }]),
    meta_info: near({ input_token_logprobs: [[-1, 5, 'x']], output_token_logprobs: [[-1, 5, 'x']] }),
    text: near('hello'),
    error: near(null),
  }),
)

test('whatever a server answers, there is a result or a typed error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(answer, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.constantFrom('vllm', 'sglang', 'llama-cpp', 'auto'),
      async (answers, known, dialect) => {
        let turn = 0
        const model = openaiCompatible({
          baseUrl: 'http://127.0.0.1:9/v1',
          model: 'm',
          retries: 0,
          dialect,
          ...(known ? { tokenizer: byteTokenizer() } : {}),
          fetch: async (_, init) => {
            const body = JSON.stringify(answers[turn++ % answers.length])
            const streamed = new Headers(init.headers).get('accept') === 'text/event-stream'
            return streamed
              ? new Response(answers.map((each) => `data: ${JSON.stringify(each)}\n\n`).join(''), {
                  headers: { 'content-type': 'text/event-stream' },
                })
              : new Response(body, { headers: { 'content-type': 'application/json' } })
          },
        })
        const messages = [{ role: 'user' as const, content: 'hi' }]
        const calls = [
          () => model.generate({ messages, logprobs: 1 }),
          () => model.generate({ prompt: 'x', stop: ['l'] }),
          async () => {
            for await (const part of model.stream({ messages, stop: ['l'] })) if (part.type === 'finish') break
          },
          () => model.connect(),
          async () => (await model.embedder()).embed(['a', 'b']),
          async () => (await model.scorer()).score([{ context: 'a', continuation: 'b' }]),
        ]
        for (const call of calls) {
          const error = await call().then(
            () => undefined,
            (reason: unknown) => reason,
          )
          if (error !== undefined && !isLcError(error)) throw error
        }
        expect(turn).toBeGreaterThan(0)
      },
    ),
    { numRuns: Number(process.env.FC_RUNS ?? 300) },
  )
})
