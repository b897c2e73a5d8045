/** @file What a foreign server is asked, and what must come of it. */
import type { OpenaiCompatibleModel } from '@lc/model/openai-compatible'

/** What is known of a server beforehand. */
export interface ServerExpectations {
  dialect: string
  logprobs: 'given' | 'refused'
  /** What the refusal as a scorer says. */
  scorer: RegExp
  usageInStream: boolean
  schema: 'given' | 'refused'
  contextLimit?: number
}

export interface CheckRow {
  name: string
  passed: boolean
  /** A line for the table. */
  seen: string
}

type Check = [name: string, run: () => Promise<string>]

const chat = { messages: [{ role: 'user' as const, content: 'Name three colours.' }], maxTokens: 24, temperature: 0 }

/** Runs all checks in turn; the scorer's is last, after `beforeScorer`. */
export async function checkServer(
  model: OpenaiCompatibleModel,
  expected: ServerExpectations,
  beforeScorer: () => void,
): Promise<CheckRow[]> {
  const rows: CheckRow[] = []
  for (const [name, run] of [...generationChecks(model, expected), ...refusalChecks(model, expected)]) {
    if (name === 'scorer') beforeScorer()
    const seen = await run().then(
      (text) => ({ passed: true, seen: text }),
      (error: unknown) => ({ passed: false, seen: String(error) }),
    )
    rows.push({ name, ...seen })
  }
  return rows
}

function generationChecks(model: OpenaiCompatibleModel, expected: ServerExpectations): Check[] {
  return [
    [
      'dialect',
      async () => {
        const { dialect } = await model.connect()
        return must(dialect === expected.dialect, `${dialect}`)
      },
    ],
    [
      'chat',
      async () => {
        const { text, usage, finishReason } = await model.generate(chat)
        return must(
          text.length > 10 && usage.completionTokens === 24 && finishReason === 'length',
          JSON.stringify(text),
        )
      },
    ],
    [
      'streamed chat is the same',
      async () => {
        const { text } = await model.generate(chat)
        let streamed = ''
        let parts = 0
        let completionTokens = 0
        for await (const part of model.stream(chat)) {
          if (part.type === 'text-delta') streamed += part.text
          if (part.type === 'finish') completionTokens = part.usage.completionTokens
          parts++
        }
        const counted = !expected.usageInStream || completionTokens === 24
        return must(streamed === text && parts > 5 && counted, `${parts} parts, ${completionTokens} tokens`)
      },
    ],
    [
      'raw prompt',
      async () => {
        const { text } = await model.generate({ prompt: 'Water boils at', maxTokens: 8, temperature: 0 })
        return must(text !== '', JSON.stringify(text))
      },
    ],
    [
      'stop string',
      async () => {
        const { text } = await model.generate(chat)
        // a mark that the answer has in the middle
        const stop = text.slice(12, 15)
        const cut = await model.generate({ ...chat, stop: [stop] })
        return must(
          !cut.text.includes(stop) && cut.finishReason === 'stop',
          `${JSON.stringify(cut.text)} before ${JSON.stringify(stop)}`,
        )
      },
    ],
    [
      'a sampled answer with a seed',
      async () => {
        const request = { ...chat, temperature: 1, topP: 0.9, seed: 11 }
        const answers = [await model.generate(request), await model.generate(request)]
        return must(answers[0]?.text === answers[1]?.text, JSON.stringify(answers[0]?.text))
      },
    ],
    [
      'leaving a stream, then asking again',
      async () => {
        for await (const part of model.stream({ ...chat, maxTokens: 200 })) if (part.type === 'text-delta') break
        const { text } = await model.generate({ ...chat, maxTokens: 4 })
        return must(text !== '', JSON.stringify(text))
      },
    ],
  ]
}

function refusalChecks(model: OpenaiCompatibleModel, expected: ServerExpectations): Check[] {
  const checks: Check[] = [
    [
      `log-probabilities ${expected.logprobs}`,
      async () => {
        const request = { ...chat, maxTokens: 4, logprobs: 1 }
        if (expected.logprobs === 'refused')
          return refusal(model.generate(request), 'unsupported-capability', /log-prob/)
        const { logprobs = [] } = await model.generate(request)
        return must(
          logprobs.length === 4 && logprobs.every(({ logprob }) => logprob <= 0),
          logprobs.map(({ logprob }) => logprob.toFixed(2)).join(' '),
        )
      },
    ],
    [
      `an answer after a schema ${expected.schema}`,
      async () => {
        const properties = { name: { type: 'string' }, legs: { type: 'integer' } }
        const responseSchema = { type: 'object', properties, required: ['name', 'legs'], additionalProperties: false }
        const messages = [{ role: 'user' as const, content: 'Describe a dog as JSON.' }]
        const request = { messages, maxTokens: 120, temperature: 0, responseSchema }
        if (expected.schema === 'refused') return refusal(model.generate(request), 'unsupported-capability', /schema/)
        const { text } = await model.generate(request)
        return must(Object.keys(JSON.parse(text)).join() === 'name,legs', text)
      },
    ],
    ['arguments out of range', () => refusal(model.generate({ ...chat, n: 0 }), 'invalid-argument', /n must be/)],
    ['scorer', () => refusal(model.scorer(), 'unsupported-capability', expected.scorer)],
  ]
  if (expected.contextLimit !== undefined) {
    const long = { prompt: 'word '.repeat(expected.contextLimit * 2), maxTokens: 4 }
    checks.unshift([
      'a prompt above the context',
      () => refusal(model.generate(long), 'context-length', new RegExp(`${expected.contextLimit} tokens`)),
    ])
  }
  return checks
}

async function refusal(work: Promise<unknown>, code: string, message: RegExp): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  const { code: given, message: text = 'nothing was thrown' } = (error ?? {}) as { code?: string; message?: string }
  return must(given === code && message.test(text), text)
}

function must(holds: boolean, seen: string): string {
  if (!holds) throw new Error(`saw ${seen}`)
  return seen
}
