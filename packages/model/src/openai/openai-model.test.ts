/** @file Requests as they are sent, and answers in the forms in which servers give them. */
import { afterEach, describe, expect, test } from 'vitest'
import type { GenerateRequest, StreamPart } from '../capability/language-model.ts'
import { type Script, type ScriptedServer, startScriptedServer } from '../node/scripted-server.ts'
import { openaiCompatible } from './openai-model.ts'
import type { OpenaiCompatibleOptions } from './options.ts'

const servers: ScriptedServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function connect(script: Script, options: Partial<OpenaiCompatibleOptions> = {}) {
  const server = await startScriptedServer(script)
  servers.push(server)
  return { server, model: openaiCompatible({ baseUrl: `${server.url}/v1/`, model: 'm', retries: 0, ...options }) }
}

const usage = { prompt_tokens: 3, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 1 } }
const answerOf = (message: unknown, finish: string, more = {}) => ({
  body: { choices: [{ index: 0, message, finish_reason: finish, ...more }], usage },
})
const hello = answerOf({ role: 'assistant', content: 'hello' }, 'stop')
const messages = [{ role: 'user' as const, content: 'hi' }]
const tools = [{ name: 'add', description: 'Adds.', parameters: { type: 'object' } }]

describe('what is sent', () => {
  test.each<[string, GenerateRequest, Partial<OpenaiCompatibleOptions>, object]>([
    ['only what was asked for', { messages }, {}, { model: 'm', messages }],
    [
      'sampling in the names of the protocol',
      {
        messages,
        maxTokens: 5,
        temperature: 0.5,
        topP: 0.9,
        stop: ['x'],
        seed: 7,
        frequencyPenalty: 1,
        presencePenalty: -1,
        n: 1,
        logprobs: 3,
      },
      {},
      {
        model: 'm',
        messages,
        max_tokens: 5,
        temperature: 0.5,
        top_p: 0.9,
        stop: ['x'],
        seed: 7,
        frequency_penalty: 1,
        presence_penalty: -1,
        logprobs: true,
        top_logprobs: 3,
      },
    ],
    [
      'tools and their choice',
      { messages, tools, toolChoice: { name: 'add' } },
      {},
      {
        model: 'm',
        messages,
        tools: [{ type: 'function', function: tools[0] }],
        tool_choice: { type: 'function', function: { name: 'add' } },
      },
    ],
    [
      'a schema',
      { messages, responseSchema: { type: 'object' } },
      { dialect: 'vllm' },
      {
        model: 'm',
        messages,
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'response', strict: true, schema: { type: 'object' } },
        },
      },
    ],
    [
      'a schema in the form of llama-cpp-python',
      { messages, responseSchema: { type: 'object' } },
      { dialect: 'llama-cpp-python' },
      { model: 'm', messages, response_format: { type: 'json_object', schema: { type: 'object' } } },
    ],
    [
      'extensions in the names of vLLM',
      {
        messages: [...messages, { role: 'assistant', content: 'he' }],
        topK: 4,
        minP: 0.1,
        repetitionPenalty: 1.1,
        continueFinalMessage: true,
      },
      { dialect: 'vllm' },
      {
        model: 'm',
        messages: [...messages, { role: 'assistant', content: 'he' }],
        top_k: 4,
        min_p: 0.1,
        repetition_penalty: 1.1,
        continue_final_message: true,
        add_generation_prompt: false,
      },
    ],
    [
      'extensions in the names of llama.cpp',
      { messages, topK: 4, repetitionPenalty: 1.1 },
      { dialect: 'llama-cpp' },
      { model: 'm', messages, top_k: 4, repeat_penalty: 1.1 },
    ],
    [
      'a history with tool calls',
      {
        messages: [
          { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'add', arguments: { a: 1 } }] },
          { role: 'tool', toolCallId: 'c1', content: '2' },
        ],
      },
      {},
      {
        model: 'm',
        messages: [
          {
            role: 'assistant',
            content: '',
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }],
          },
          { role: 'tool', tool_call_id: 'c1', content: '2' },
        ],
      },
    ],
  ])('%s', async (_, request, options, body) => {
    const answer = request.logprobs === undefined ? hello : answerOf({ content: '' }, 'stop')
    const { server, model } = await connect(
      [request.responseSchema ? answerOf({ content: '{}' }, 'stop') : answer],
      options,
    )
    await model.generate(request)
    expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/v1/chat/completions' })
    expect(server.requests[0]?.body).toEqual(body)
  })

  test('an unknown server is asked who it is only when it matters', async () => {
    const script: Script = (request) =>
      request.path === '/v1/models' ? { body: { data: [{ id: 'm', owned_by: 'sglang', max_model_len: 99 }] } } : hello
    const { server, model } = await connect(script)
    await model.generate({ messages, temperature: 0 })
    expect(server.requests.map((request) => request.path)).toEqual(['/v1/chat/completions'])
    await model.generate({ messages, topK: 3 })
    await model.generate({ messages, topK: 3 })
    expect(server.requests.filter((request) => request.path === '/v1/models')).toHaveLength(1)
    expect(model.contextLength).toBe(99)
  })

  test('the key and the headers go along, and nothing else knows them', async () => {
    const { server, model } = await connect([hello], { apiKey: 'sk-secret-1234', headers: { 'X-Team': 'blue-team-9' } })
    await model.generate({ messages })
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer sk-secret-1234',
      'x-team': 'blue-team-9',
    })
    expect(JSON.stringify(model)).not.toMatch(/secret|blue/)
  })

  test('what a server refuses and can be said otherwise is said otherwise, once', async () => {
    const script: Script = (request) => {
      const body = request.body as Record<string, unknown>
      if ('max_tokens' in body)
        return {
          status: 400,
          body: { error: { message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead." } },
        }
      return body.max_completion_tokens === 4 ? hello : { status: 500 }
    }
    const { server, model } = await connect(script)
    await model.generate({ messages, maxTokens: 4 })
    await model.generate({ messages, maxTokens: 4 })
    expect(server.requests).toHaveLength(3)
  })

  test('a stream without stream_options for a server that does not know them', async () => {
    const events = {
      headers: { 'content-type': 'text/event-stream' },
      body: 'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    }
    const script: Script = (request) =>
      'stream_options' in (request.body as object)
        ? { status: 422, body: { detail: "Unsupported fields in the request: {'stream_options'}" } }
        : events
    const { model } = await connect(script)
    const parts: StreamPart[] = []
    for await (const part of model.stream({ messages })) parts.push(part)
    expect(parts.at(-1)).toMatchObject({ type: 'finish', finishReason: 'stop', usage: { completionTokens: 1 } })
  })
})

describe('what is refused before it is sent', () => {
  test.each<[string, GenerateRequest, string]>([
    ['neither messages nor prompt', {}, 'invalid-argument'],
    ['both', { messages, prompt: 'x' }, 'invalid-argument'],
    ['a negative temperature', { messages, temperature: -1 }, 'invalid-argument'],
    ['n 0', { messages, n: 0 }, 'invalid-argument'],
    ['a policy', { messages, policy: {} }, 'unsupported-capability'],
    ['a field that nobody knows', { messages, temprature: 1 } as GenerateRequest, 'unsupported-capability'],
    ['top-k of a plain server', { messages, topK: 2 }, 'unsupported-capability'],
    ['an accuracy', { messages, accuracy: 'exact' }, 'unsupported-capability'],
    ['tools with a raw prompt', { prompt: 'x', tools }, 'unsupported-capability'],
    ['a frequency penalty of transformers', { messages, frequencyPenalty: 1 }, 'unsupported-capability'],
    ['a schema with a raw prompt', { prompt: 'x', responseSchema: {} }, 'unsupported-capability'],
    ['a continued message that is not the assistant’s', { messages, continueFinalMessage: true }, 'invalid-argument'],
  ])('%s', async (_, request, code) => {
    const { server, model } = await connect([hello], { dialect: request.frequencyPenalty ? 'transformers' : 'openai' })
    await expect(model.generate(request)).rejects.toMatchObject({ code })
    const streaming = async () => {
      for await (const part of model.stream(request)) return part
      return undefined
    }
    await expect(streaming()).rejects.toMatchObject({ code })
    expect(server.requests).toHaveLength(0)
  })

  test.each([
    [{ baseUrl: 'localhost:8000' }, 'baseUrl'],
    [{ baseUrl: 'http://user:pass@host/v1' }, 'baseUrl'],
    [{ model: '' }, 'model'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ dialect: 'ollama' }, 'dialect'],
    [{ baseURL: 'http://x' }, 'options'],
  ])('options %j', (options, argument) => {
    const given = { baseUrl: 'http://x/v1', model: 'm', ...options } as OpenaiCompatibleOptions
    expect(() => openaiCompatible(given)).toThrowError(expect.objectContaining({ code: 'invalid-argument', argument }))
  })
})

describe('what comes back', () => {
  test('tool calls, with arguments as text or as an object', async () => {
    const calls = [
      { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } },
      { id: 'c2', type: 'function', function: { name: 'add', arguments: { a: 2 } } },
      { type: 'function', function: { name: 'add', arguments: '' } },
    ]
    const { model } = await connect([answerOf({ content: null, tool_calls: calls }, 'stop')])
    expect(await model.generate({ messages, tools })).toEqual({
      text: '',
      finishReason: 'tool-calls',
      toolCalls: [
        { id: 'c1', name: 'add', arguments: { a: 1 } },
        { id: 'c2', name: 'add', arguments: { a: 2 } },
        { id: 'call_2', name: 'add', arguments: {} },
      ],
      usage: { promptTokens: 3, completionTokens: 2, cachedTokens: 1 },
    })
  })

  test('tool calls in pieces', async () => {
    const delta = (piece: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: piece, finish_reason: finish }] })}\n\n`
    const piece = (index: number, fields: object) => delta({ tool_calls: [{ index, ...fields }] })
    const body = [
      delta({ role: 'assistant', content: null }),
      piece(0, { id: 'c1', function: { name: 'add', arguments: '' } }),
      piece(0, { function: { arguments: '{"a"' } }),
      piece(1, { id: 'c2', function: { name: 'add', arguments: '{}' } }),
      piece(0, { function: { arguments: ':1}' } }),
      delta({}, 'tool_calls'),
      `data: ${JSON.stringify({ choices: [], usage })}\n\n`,
      'data: [DONE]\n\n',
    ].join('')
    const { model } = await connect([{ headers: { 'content-type': 'text/event-stream' }, body }])
    const parts: StreamPart[] = []
    for await (const part of model.stream({ messages, tools })) parts.push(part)
    expect(parts).toEqual([
      { type: 'tool-call', toolCall: { id: 'c1', name: 'add', arguments: { a: 1 } } },
      { type: 'tool-call', toolCall: { id: 'c2', name: 'add', arguments: {} } },
      { type: 'finish', finishReason: 'tool-calls', usage: { promptTokens: 3, completionTokens: 2, cachedTokens: 1 } },
    ])
  })

  test('arguments that are no JSON are an OutputParseError', async () => {
    const calls = [{ id: 'c1', function: { name: 'add', arguments: '{"a":' } }]
    const { model } = await connect([answerOf({ content: null, tool_calls: calls }, 'tool_calls')])
    await expect(model.generate({ messages, tools })).rejects.toMatchObject({ code: 'output-parse', text: '{"a":' })
  })

  test('a server that ignores the schema, the log-probabilities or n is found out', async () => {
    const { model } = await connect([hello])
    const { model: plain } = await connect([hello], { dialect: 'openai' })
    await expect(plain.generate({ messages, responseSchema: {} })).rejects.toMatchObject({ code: 'output-parse' })
    await expect(model.generate({ messages, logprobs: 1 })).rejects.toMatchObject({ code: 'unsupported-capability' })
    await expect(model.generate({ messages, n: 2 })).rejects.toMatchObject({ code: 'unsupported-capability' })
  })

  test.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['tool_calls', 'tool-calls'],
    ['function_call', 'tool-calls'],
    ['content_filter', 'content-filter'],
    ['abort', 'other'],
    [null, 'other'],
  ])('finish reason %s', async (wire, ours) => {
    const { model } = await connect([answerOf({ content: 'x' }, wire as string)])
    expect((await model.generate({ messages })).finishReason).toBe(ours)
  })

  test('usage that is not told is counted', async () => {
    const { model } = await connect([
      { body: { choices: [{ message: { content: 'hello there' }, finish_reason: 'stop' }] } },
    ])
    const { usage: counted } = await model.generate({ messages })
    expect(counted.promptTokens).toBeGreaterThan(0)
    expect(counted.completionTokens).toBeGreaterThan(1)
  })
})
