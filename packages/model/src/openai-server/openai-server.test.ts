import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GenerateRequest, LanguageModel, StreamPart } from '../capability/language-model.ts'
import { BigramModel } from '../testing-kit/bigram-model.ts'
import { openaiServer } from './openai-server.ts'
import type { OpenaiServerOptions } from './server-options.ts'

const bigram = new BigramModel('the train to the coast leaves at noon. the cat sleeps.', { contextLength: 256 })
const models = { bigram: { languageModel: bigram, scorer: bigram } }

interface Wire {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: bodies of the protocol, looked into by the tests
  body: any
}

async function post(
  path: string,
  body: unknown,
  options: Partial<OpenaiServerOptions> = {},
  init: { headers?: Record<string, string>; server?: ReturnType<typeof openaiServer> } = {},
): Promise<Wire> {
  const server = init.server ?? openaiServer({ models, ...options })
  const response = await server.handle(
    new Request(`http://localhost${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...init.headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  )
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

const get = async (path: string, headers: Record<string, string> = {}, options: Partial<OpenaiServerOptions> = {}) =>
  openaiServer({ models, ...options }).handle(new Request(`http://localhost${path}`, { headers }))
const messages = [{ role: 'user', content: 'the train' }]
const chat = { model: 'bigram', messages, max_tokens: 3 }

/** A model that waits in `stream` and `generate` until it is let go, and tells what became of its signal. */
function waitingModel() {
  const state = { begun: 0, aborted: 0, letGo: () => {} }
  const gate = new Promise<void>((resolve) => {
    state.letGo = resolve
  })
  const wait = (request: GenerateRequest) =>
    new Promise<void>((resolve, reject) => {
      state.begun++
      gate.then(resolve)
      request.signal?.addEventListener('abort', () => {
        state.aborted++
        reject(request.signal?.reason)
      })
    })
  const usage = { promptTokens: 1, completionTokens: 1 }
  const model: LanguageModel = {
    id: 'waiting',
    contextLength: 10,
    generate: async (request) => {
      await wait(request)
      return { text: 'done', finishReason: 'stop', usage }
    },
    async *stream(request): AsyncGenerator<StreamPart> {
      yield { type: 'text-delta', text: 'a' }
      await wait(request)
      yield { type: 'finish', finishReason: 'stop', usage }
    },
  }
  return { state, model }
}

describe('bad requests are answered with 400 and name their parameter', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['/v1/chat/completions', { messages: undefined }, 'messages'],
    ['/v1/chat/completions', { messages: [] }, 'messages'],
    ['/v1/chat/completions', { messages: [{ role: 'robot', content: '' }] }, 'messages[0].role'],
    [
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
      'messages[0].content[0].type',
    ],
    ['/v1/chat/completions', { messages: [{ role: 'tool', content: '' }] }, 'messages[0].tool_call_id'],
    ['/v1/chat/completions', { temperature: 'hot' }, 'temperature'],
    ['/v1/chat/completions', { temperature: -1 }, 'temperature'],
    ['/v1/chat/completions', { top_p: 1.5 }, 'top_p'],
    ['/v1/chat/completions', { max_tokens: 0 }, 'max_tokens'],
    ['/v1/chat/completions', { max_tokens: 1.5 }, 'max_tokens'],
    ['/v1/chat/completions', { n: 99 }, 'n'],
    ['/v1/chat/completions', { n: 2, stream: true }, 'n'],
    ['/v1/chat/completions', { stop: [''] }, 'stop'],
    ['/v1/chat/completions', { stop: Array(17).fill('x') }, 'stop'],
    ['/v1/chat/completions', { top_logprobs: 2 }, 'top_logprobs'],
    ['/v1/chat/completions', { logprobs: 3 }, 'logprobs'],
    ['/v1/chat/completions', { logit_bias: { 5: 1 } }, 'logit_bias'],
    ['/v1/chat/completions', { response_format: { type: 'xml' } }, 'response_format.type'],
    ['/v1/chat/completions', { response_format: { type: 'json_schema' } }, 'response_format.json_schema.schema'],
    ['/v1/chat/completions', { tools: [{ type: 'function' }] }, 'tools[0].function'],
    [
      '/v1/chat/completions',
      { tool_choice: { type: 'function', function: { name: 'x' } } },
      'tool_choice.function.name',
    ],
    ['/v1/chat/completions', { continue_final_message: true, add_generation_prompt: false }, 'continue_final_message'],
    ['/v1/chat/completions', { temprature: 1 }, 'temprature'],
    ['/v1/completions', { prompt: undefined }, 'prompt'],
    ['/v1/completions', { prompt: [] }, 'prompt'],
    ['/v1/completions', { prompt: ['a', 7] }, 'prompt[1]'],
    ['/v1/completions', { prompt: [1, -1] }, 'prompt[0]'],
    ['/v1/completions', { prompt: 'a', max_tokens: 0 }, 'max_tokens'],
    ['/v1/completions', { prompt: 'a', prompt_logprobs: 5 }, 'prompt_logprobs'],
    ['/v1/completions', { prompt: 'a', suffix: 'b' }, 'suffix'],
    ['/v1/completions', { prompt: 'a', best_of: 2 }, 'best_of'],
    ['/v1/completions', { prompt: 'a', stream: true, prompt_logprobs: 0 }, 'prompt_logprobs'],
    ['/tokenize', { prompt: 7 }, 'prompt'],
    ['/detokenize', { tokens: 'x' }, 'tokens'],
  ])('%s %j', async (path, extra, parameter) => {
    const base = path.startsWith('/v1/chat') ? chat : { model: 'bigram' }
    const { status, body } = await post(path, { ...base, ...extra })
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ type: 'invalid_request_error', param: parameter })
    expect(body.error.message).toContain(parameter)
  })

  test('fields that only identify a request are accepted, and null counts as absent', async () => {
    const extra = {
      user: 'u',
      store: false,
      metadata: { a: 'b' },
      logit_bias: null,
      top_p: null,
      tools: null,
      unknown: null,
    }
    expect((await post('/v1/chat/completions', { ...chat, ...extra })).status).toBe(200)
  })

  test.each([
    ['no JSON', '{"model"', 400],
    ['no object', '[1]', 400],
    ['another model', { ...chat, model: 'gpt' }, 404],
    ['a name from the prototype', { ...chat, model: 'constructor' }, 404],
    ['a model that cannot', { model: 'bigram', input: 'x' }, 400],
  ])('%s', async (name, body, status) => {
    const path = name === 'a model that cannot' ? '/v1/embeddings' : '/v1/chat/completions'
    const answer = await post(path, body)
    expect(answer.status).toBe(status)
    expect(answer.body.error.message).toEqual(expect.any(String))
  })

  test('whatever JSON comes, the answer is JSON with a status below 500', async () => {
    const server = openaiServer({ models })
    const value = fc.jsonValue({ maxDepth: 3 })
    const field = fc.constantFrom(
      'messages',
      'prompt',
      'max_tokens',
      'n',
      'stop',
      'tools',
      'tool_choice',
      'logprobs',
      'stream_options',
      'response_format',
      'echo',
      'prompt_logprobs',
      'seed',
      'input',
      'tokens',
    )
    const path = fc.constantFrom(
      '/v1/chat/completions',
      '/v1/completions',
      '/v1/embeddings',
      '/tokenize',
      '/detokenize',
    )
    await fc.assert(
      fc.asyncProperty(path, fc.dictionary(field, value), fc.boolean(), async (endpoint, fields, valid) => {
        const base = valid ? { messages, prompt: 'the', tokens: [1] } : {}
        const { status } = await post(endpoint, { ...base, max_tokens: 2, ...fields }, {}, { server })
        expect(status).toBeLessThan(500)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a cache policy', () => {
  const seen: unknown[] = []
  const model: LanguageModel = {
    id: 'local',
    contextLength: 100,
    async generate(request) {
      seen.push(request.policy)
      return { text: 'done', finishReason: 'stop', usage: { promptTokens: 1, completionTokens: 1 } }
    },
    async *stream() {},
  }
  const scorer = {
    tokenizer: bigram.tokenizer,
    score: async (_: unknown, options: unknown) => seen.push(options) && [],
  }
  const server = () => openaiServer({ models: { bigram: { languageModel: model, scorer: scorer as never } } })

  test.each([['full'], [{ name: 'snap-kv', budget: '25%' }]])('%j goes to the model', async (policy) => {
    const wire = await post('/v1/chat/completions', { ...chat, policy }, {}, { server: server() })
    expect(wire.status).toBe(200)
    expect(seen.pop()).toEqual(policy)
  })

  test('goes to the scorer where the prompt is scored', async () => {
    const policy = { name: 'h2o', budget: 9 }
    const body = { model: 'bigram', prompt: 'the train', max_tokens: 0, echo: true, logprobs: 0, policy }
    await post('/v1/completions', body, {}, { server: server() })
    expect(seen.pop()).toMatchObject({ policy })
  })

  test('that is no name and no object is refused, and so is one for a model without a cache', async () => {
    const wrong = await post('/v1/chat/completions', { ...chat, policy: 3 }, {}, { server: server() })
    expect([wrong.status, wrong.body.error.param]).toEqual([400, 'policy'])
    const refused = await post('/v1/chat/completions', { ...chat, policy: 'snap-kv' })
    expect(refused.status).toBe(400)
    expect(refused.body.error.message).toContain('cannot use a cache policy')
  })
})

describe('limits', () => {
  test('a body above the limit is refused, by its declared and by its real length', async () => {
    const limits = { limits: { bodyBytes: 1000 } }
    const long = { ...chat, messages: [{ role: 'user', content: 'x'.repeat(2000) }] }
    expect((await post('/v1/chat/completions', long, limits)).status).toBe(413)
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(500).fill(32))
      },
    })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: endless, duplex: 'half' }
    const response = await openaiServer({ models, ...limits }).handle(
      new Request('http://localhost/v1/chat/completions', init as RequestInit),
    )
    expect(response.status).toBe(413)
    expect(pulled).toBeLessThan(10)
  })

  test('only JSON by its content type', async () => {
    const answer = await post('/v1/chat/completions', chat, {}, { headers: { 'content-type': 'text/plain' } })
    expect(answer.status).toBe(415)
  })

  test('answers are no longer than allowed', async () => {
    const { body } = await post(
      '/v1/chat/completions',
      { ...chat, max_tokens: 100, temperature: 0 },
      { limits: { completionTokens: 5 } },
    )
    expect(body.usage.completion_tokens).toBe(5)
    expect(body.choices[0].finish_reason).toBe('length')
  })

  test('a request that takes too long is answered with 504 and its work is stopped', async () => {
    const { state, model } = waitingModel()
    const options = { models: { waiting: { languageModel: model } }, limits: { requestMs: 40 } }
    const { status, body } = await post('/v1/chat/completions', { messages }, options)
    expect([status, body.error.code]).toEqual([504, 'timeout'])
    expect(state.aborted).toBe(1)
  })

  test('when all places are taken, 429 with Retry-After', async () => {
    const { state, model } = waitingModel()
    const server = openaiServer({
      models: { waiting: { languageModel: model } },
      limits: { concurrentRequests: 1, waitingRequests: 1 },
    })
    const running = [1, 2].map(() => post('/v1/chat/completions', { messages }, {}, { server }))
    await expect.poll(() => state.begun).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 10))
    const refused = await post('/v1/chat/completions', { messages }, {}, { server })
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('1')
    state.letGo()
    expect((await Promise.all(running)).map((answer) => answer.status)).toEqual([200, 200])
  })
})

describe('access', () => {
  const apiKeys = ['key-number-one', 'key-number-two']
  test.each([
    [undefined, 401],
    ['Bearer wrong', 401],
    ['Bearer key-number-on', 401],
    ['Bearer key-number-one', 200],
    ['bearer key-number-two', 200],
  ])('authorization %s: %d', async (authorization, status) => {
    const headers = authorization === undefined ? {} : { authorization }
    expect((await get('/v1/models', headers, { apiKeys })).status).toBe(status)
    expect((await post('/v1/chat/completions', chat, { apiKeys }, { headers })).status).toBe(status)
    expect((await get('/health', headers, { apiKeys })).status).toBe(200)
  })

  test('pages of other origins are refused unless they are allowed', async () => {
    const headers = { origin: 'https://page.example' }
    expect((await get('/v1/models', headers)).status).toBe(403)
    const allowed = await get('/v1/models', headers, { allowedOrigins: ['https://page.example'] })
    expect(allowed.status).toBe(200)
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://page.example')
  })

  test('unknown paths and methods', async () => {
    expect((await get('/v1/nothing')).status).toBe(404)
    expect((await get('/v1/completions')).status).toBe(405)
    expect((await get('/v1/models/bigram')).status).toBe(200)
    expect((await get('/v1/models/other')).status).toBe(404)
  })

  test('a fault of ours is told as such and nothing of it', async () => {
    const faults: unknown[] = []
    const languageModel: LanguageModel = {
      id: 'broken',
      contextLength: 10,
      generate: async () => Promise.reject(new Error('secret path /home/x')),
      // biome-ignore lint/correctness/useYield: it breaks before
      async *stream() {
        throw new Error('secret path /home/x')
      },
    }
    const options = { models: { broken: { languageModel } }, onError: (fault: unknown) => faults.push(fault) }
    for (const stream of [false, true]) {
      const { status, body } = await post('/v1/chat/completions', { messages, stream }, options)
      expect(status).toBe(500)
      expect(JSON.stringify(body)).not.toContain('secret')
    }
    expect(faults).toHaveLength(2)
  })
})

describe('lifetime', () => {
  test('a client that leaves stops the work, whole and streamed', async () => {
    for (const stream of [false, true]) {
      const { state, model } = waitingModel()
      const server = openaiServer({ models: { waiting: { languageModel: model } } })
      const controller = new AbortController()
      const request = new Request('http://localhost/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ messages, stream }),
        signal: controller.signal,
      })
      const answering = server.handle(request)
      if (stream) {
        const reader = (await answering).body?.getReader()
        await reader?.read()
        const reading = reader?.read()
        await expect.poll(() => state.begun).toBe(1)
        controller.abort()
        await reading
      } else {
        await expect.poll(() => state.begun).toBe(1)
        controller.abort()
        expect((await answering).status).toBe(499)
      }
      await expect.poll(() => state.aborted).toBe(1)
      await server.close()
    }
  })

  test('close waits for what runs, refuses what comes', async () => {
    const { state, model } = waitingModel()
    const server = openaiServer({ models: { waiting: { languageModel: model } } })
    const running = post('/v1/chat/completions', { messages }, {}, { server })
    await expect.poll(() => state.begun).toBe(1)
    const closing = server.close()
    expect((await post('/v1/chat/completions', { messages }, {}, { server })).status).toBe(503)
    state.letGo()
    expect((await running).status).toBe(200)
    await closing
    expect(server.closed).toBe(true)
  })

  test('close stops what takes too long', async () => {
    const { state, model } = waitingModel()
    const server = openaiServer({ models: { waiting: { languageModel: model } }, drainMs: 20 })
    const running = post('/v1/chat/completions', { messages }, {}, { server })
    await expect.poll(() => state.begun).toBe(1)
    await server.close()
    expect((await running).status).toBe(503)
    expect(state.aborted).toBe(1)
  })
})

test('completions: echo with log-probabilities, prompt_logprobs and ids, in one answer', async () => {
  const ids = Array.from(bigram.tokenizer.encode('the train to').ids)
  const [score] = await bigram.score([{ context: [], continuation: ids }])
  const request = {
    prompt: [ids, ids],
    max_tokens: 0,
    echo: true,
    logprobs: 0,
    prompt_logprobs: 0,
    return_token_ids: true,
  }
  const { body } = await post('/v1/completions', request)
  expect(body.choices).toHaveLength(2)
  const [choice] = body.choices
  expect(choice.text).toBe('the train to')
  expect(choice.logprobs.tokens.join('')).toBe('the train to')
  expect(choice.logprobs.text_offset).toEqual([0, 3, 9])
  expect(choice.logprobs.token_logprobs[0]).toBeNull()
  expect(choice.prompt_token_ids).toEqual(ids)
  expect(choice.prompt_logprobs[0]).toBeNull()
  for (const [index, id] of ids.entries()) {
    if (index === 0) continue
    expect(choice.prompt_logprobs[index][id].logprob).toBe(score?.logprobs[index])
    expect(choice.logprobs.token_logprobs[index]).toBe(score?.logprobs[index])
  }
  expect(body.usage).toEqual({ prompt_tokens: 6, completion_tokens: 0, total_tokens: 6 })
})

test('tokenize and detokenize are inverse', async () => {
  const { body } = await post('/tokenize', { prompt: 'the train 😀', return_token_strs: true })
  expect(body.count).toBe(body.tokens.length)
  expect(body.max_model_len).toBe(256)
  expect((await post('/detokenize', { tokens: body.tokens })).body).toEqual({ prompt: 'the train 😀' })
})
