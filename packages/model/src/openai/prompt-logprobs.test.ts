/**
 * @file Scores from servers in the three forms: the numbers are those of a real small model, the envelopes those of
 * vLLM, SGLang and OpenAI's echo, well and in the ways in which servers get them wrong.
 */
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type RecordedRequest,
  type ScriptedAnswer,
  type ScriptedServer,
  startScriptedServer,
} from '../node/scripted-server.ts'
import { BigramModel } from '../testing-kit/bigram-model.ts'
import { openaiCompatible } from './openai-model.ts'
import type { OpenaiCompatibleOptions } from './options.ts'

const bigram = new BigramModel([
  'the train to the coast leaves at noon. the train to the hills leaves at night. the cat sleeps.',
  'once, in a small town by the river, there lived a miller. the miller had a cat and a dog.',
  '1. apples\n2. pears\n3. plums\n4. figs\n',
])
const { tokenizer } = bigram
const servers: ScriptedServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

/** How a server departs from the truth. */
type Fault = (logprob: number, index: number, all: readonly number[]) => number | null

const honest: Fault = (logprob) => logprob

interface Body {
  prompt?: string | number[] | (string | number[])[]
  text?: string | string[]
  input_ids?: number[] | number[][]
  max_tokens?: number
  echo?: boolean
  logprob_start_len?: number | number[]
  prompt_logprobs?: number
  sampling_params?: { max_new_tokens: number }
}

const textOf = (id: number) => tokenizer.decode([id], { special: 'keep' })

/** A prompt field: text or ids, one or a list. */
function promptsOf(given: Body['prompt'] = ''): { list: (string | number[])[]; single: boolean } {
  const single = typeof given === 'string' || typeof given[0] === 'number'
  return { list: single ? [given as string | number[]] : (given as (string | number[])[]), single }
}

/** What the model knows of a prompt, and of twelve tokens sampled after it. */
async function answerOf(prompt: string | number[], maxTokens: number) {
  const ids = typeof prompt === 'string' ? Array.from(tokenizer.encode(prompt).ids) : prompt
  const [score] = await bigram.score([{ context: [], continuation: ids }])
  const text = tokenizer.decode(ids)
  const generated = await bigram.generate({ prompt: text, maxTokens, temperature: 1, seed: 3, logprobs: 1 })
  return { ids, logprobs: Array.from(score?.logprobs ?? []), text, generated }
}

async function vllmAnswer(body: Body, fault: Fault): Promise<ScriptedAnswer> {
  const choices = []
  for (const [index, each] of promptsOf(body.prompt).list.entries()) {
    const { ids, logprobs, generated } = await answerOf(each, body.max_tokens ?? 16)
    const entries = logprobs.map((logprob, position) =>
      position === 0
        ? null
        : {
            // the likeliest token comes along when more than the own one is asked for
            [ids[position] as number]: {
              logprob: fault(logprob, position, logprobs),
              rank: 1,
              decoded_token: textOf(ids[position] as number),
            },
          },
    )
    choices.push({
      index,
      text: generated.text,
      token_ids: Array.from(generated.ids ?? []),
      prompt_token_ids: ids,
      logprobs: {
        tokens: generated.logprobs?.map((entry) => entry.token),
        token_logprobs: generated.logprobs?.map((entry) => entry.logprob),
        top_logprobs: generated.logprobs?.map((entry) => ({ [entry.token]: entry.logprob })),
        text_offset: [],
      },
      finish_reason: 'length',
      ...(body.prompt_logprobs === undefined ? {} : { prompt_logprobs: entries }),
    })
  }
  return { body: { choices, usage: { prompt_tokens: 1, completion_tokens: 1 } } }
}

async function sglangAnswer(body: Body, fault: Fault): Promise<ScriptedAnswer> {
  const { list, single } = promptsOf(body.text ?? body.input_ids)
  const items = []
  for (const [position, each] of list.entries()) {
    const { ids, logprobs, generated } = await answerOf(each, body.sampling_params?.max_new_tokens ?? 1)
    const given = body.logprob_start_len ?? -1
    const start = typeof given === 'number' ? given : (given[position] ?? 0)
    items.push({
      text: generated.text,
      meta_info: {
        prompt_tokens: ids.length,
        // as that server does, the first of them has no value
        input_token_logprobs: logprobs
          .map((logprob, index) => [
            index <= start ? null : fault(logprob, index, logprobs),
            ids[index],
            textOf(ids[index] as number),
          ])
          .slice(start),
        output_token_logprobs: generated.logprobs?.map((entry) => [entry.logprob, entry.id, entry.token]),
      },
    })
  }
  return { body: single ? items[0] : items }
}

async function echoAnswer(body: Body, fault: Fault): Promise<ScriptedAnswer> {
  const choices = []
  for (const [index, each] of promptsOf(body.prompt).list.entries()) {
    const { ids, logprobs, text, generated } = await answerOf(each, body.max_tokens ?? 16)
    const before = body.echo ? ids.map(textOf) : []
    const values = logprobs.map((logprob, at) => (at === 0 ? null : fault(logprob, at, logprobs)))
    const after = generated.logprobs ?? []
    const logprobsOfChoice = {
      tokens: [...before, ...after.map((entry) => entry.token)],
      token_logprobs: [...(body.echo ? values : []), ...after.map((entry) => entry.logprob)],
      top_logprobs: [],
      text_offset: [],
    }
    const whole = (body.echo ? text : '') + generated.text
    choices.push({ index, text: whole, logprobs: logprobsOfChoice, finish_reason: 'length' })
  }
  return { body: { choices } }
}

async function connect(
  respond: (request: RecordedRequest) => Promise<ScriptedAnswer>,
  options: Partial<OpenaiCompatibleOptions> = {},
) {
  const server = await startScriptedServer(respond)
  servers.push(server)
  return { server, model: openaiCompatible({ baseUrl: `${server.url}/v1`, model: 'm', retries: 0, ...options }) }
}

const forms = [
  ['vLLM', 'vllm', vllmAnswer, { tokenizer }],
  ['vLLM without a tokenizer', 'vllm', vllmAnswer, {}],
  ['SGLang', 'sglang', sglangAnswer, { tokenizer }],
  ['SGLang without a tokenizer', 'sglang', sglangAnswer, {}],
  ['echo', 'llama-cpp', echoAnswer, { tokenizer }],
] as const

const requests = [
  { context: 'the train to the ', continuation: 'hills leaves at night.' },
  { context: '', continuation: '2. pears' },
  { context: 'the mil', continuation: 'ler had a dög' },
]

describe.each(forms)('%s', (_, dialect, respond, extra) => {
  const open = (fault: Fault) => connect((request) => respond(request.body as Body, fault), { dialect, ...extra })

  test('scores are those of the model, at its tokens', async () => {
    const { model } = await open(honest)
    const scores = await (await model.scorer()).score(requests)
    const local = await bigram.score(requests)
    for (const [index, score] of scores.entries()) {
      expect(score.ids).toEqual(local[index]?.ids)
      expect(Array.from(score.logprobs)).toEqual(Array.from(local[index]?.logprobs ?? []))
      if ('tokenizer' in extra) expect(score.spans).toEqual(local[index]?.spans)
    }
  })

  test('half precision is forgiven', async () => {
    const { model } = await open((logprob, index) => logprob + (index % 2 === 0 ? 0.04 : -0.03))
    await expect(model.scorer()).resolves.toMatchObject({ id: 'm' })
  })

  test.each<[string, Fault, RegExp]>([
    ['one position late', (_value, index, all) => all[Math.max(1, index - 1)] ?? 0, /one position late/],
    ['one position early', (_value, index, all) => all[index + 1] ?? -1, /one position early/],
    ['at another temperature', (value) => value / 2, /differ from those of its own generation by/],
    ['in another base', (value) => value / Math.LN2, /differ from those of its own generation by/],
    ['constant', () => -1, /differ from those of its own generation by/],
  ])('values %s are refused, and it is said why', async (_name, fault, seen) => {
    const { model } = await open(fault)
    const refused = model.scorer()
    await expect(refused).rejects.toMatchObject({ code: 'unsupported-capability', neededBy: 'a Scorer' })
    await expect(refused).rejects.toThrow(seen)
  })

  test('the verdict is kept: neither a scorer nor a refusal is asked for twice', async () => {
    const { server, model } = await open(honest)
    await model.scorer()
    const asked = server.requests.length
    await model.scorer()
    expect(server.requests).toHaveLength(asked)
    const other = await open(() => -1)
    await expect(other.model.scorer()).rejects.toThrow()
    const askedThere = other.server.requests.length
    await expect(other.model.scorer()).rejects.toMatchObject({ code: 'unsupported-capability' })
    expect(other.server.requests).toHaveLength(askedThere)
  })

  test('a tokenizer of another model is refused by name, where the server tells its ids', async () => {
    if (dialect === 'llama-cpp') return
    const other = new BigramModel('quite other words').tokenizer
    const { model } = await connect((request) => respond(request.body as Body, honest), { dialect, tokenizer: other })
    await expect(model.scorer()).rejects.toMatchObject({ code: 'invalid-argument', argument: 'tokenizer' })
  })
})

describe('servers without prompt log-probabilities', () => {
  test.each([
    [
      'refuse the field',
      { status: 400, body: { error: { message: 'Unrecognized request argument: logprobs' } } },
      /the server refused/,
    ],
    ['have no such endpoint', { status: 404, body: {} }, /the server refused/],
    [
      'leave them out',
      { body: { choices: [{ index: 0, text: 'x', finish_reason: 'length' }] } },
      /not even generated tokens/,
    ],
  ])('%s', async (_, answer, seen) => {
    const { model } = await connect(async () => answer, { dialect: 'vllm' })
    await expect(model.scorer()).rejects.toMatchObject({ code: 'unsupported-capability' })
    await expect(model.scorer()).rejects.toThrow(seen)
  })

  test('a fault of the way is no verdict', async () => {
    let down = true
    const { model } = await connect(
      async (request) => (down ? { status: 503 } : vllmAnswer(request.body as Body, honest)),
      { dialect: 'vllm' },
    )
    await expect(model.scorer()).rejects.toMatchObject({ code: 'api-call', status: 503 })
    down = false
    await expect(model.scorer()).resolves.toBeDefined()
  })

  test('echo without a tokenizer is refused, since it gives no ids', async () => {
    const { model } = await connect((request) => echoAnswer(request.body as Body, honest), { dialect: 'llama-cpp' })
    await expect(model.scorer()).rejects.toThrow(/pass the tokenizer/)
  })

  test('answers without the prompt’s own token are refused while scoring', async () => {
    let cheat = false
    const { model } = await connect(
      async (request) => {
        const answer = await vllmAnswer(request.body as Body, honest)
        if (!cheat) return answer
        const { choices } = answer.body as { choices: { prompt_logprobs: unknown[] }[] }
        return {
          body: {
            choices: choices.map((choice) => ({
              ...choice,
              prompt_logprobs: choice.prompt_logprobs.map(() => ({ 999999: { logprob: -1 } })),
            })),
          },
        }
      },
      { dialect: 'vllm', tokenizer },
    )
    const scorer = await model.scorer()
    cheat = true
    await expect(scorer.score(requests)).rejects.toMatchObject({
      code: 'api-call',
      problem: expect.stringContaining('own token'),
    })
  })
})

test('llama-cpp-python 0.3.36 is refused: its echo, as recorded, is shifted by one position', async () => {
  interface Exchange {
    path: string
    request: unknown
    status: number
    response: unknown
  }
  const file = new URL('../../fixtures/openai/llama-cpp-python-0.3.36.json', import.meta.url)
  const recorded: Exchange[] = JSON.parse(readFileSync(file, 'utf8'))
  const { server, model } = await connect(
    async (request) => {
      const known = recorded.find(
        (exchange) =>
          exchange.path === request.path && JSON.stringify(exchange.request ?? '') === JSON.stringify(request.body),
      )
      if (!known) throw new Error(`not recorded: ${JSON.stringify(request.body)}`)
      return { status: known.status, body: known.response }
    },
    { model: 'smollm2', dialect: 'llama-cpp-python' },
  )
  await expect(model.scorer()).rejects.toThrow(
    /shifted by one position: it gives each token the distribution of the next one/,
  )
  expect(server.requests).toHaveLength(2)
})
