import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fullCache, type LocalModel, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { makePassage } from '@lc/model'
import { afterAll, describe, expect, test } from 'vitest'
import { expectedAttention } from '../policies/expected-attention.ts'
import { snapKv } from '../policies/snap-kv.ts'
import { streamingLlm } from '../policies/streaming-llm.ts'
import { draftModel } from './draft-model.ts'
import type { Drafter } from './drafter.ts'
import { promptLookup } from './prompt-lookup.ts'
import { rapid } from './rapid.ts'
import { selfSpeculation } from './self-speculation.ts'
import { withSpeculation } from './with-speculation.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const opened: LocalModel[] = []
const open = async (folder: string): Promise<LocalModel> => {
  const model = await loadModel({ folder }, { platform, device, accuracy: 'exact', contextLength: 512 })
  opened.push(model)
  return model
}
const tiny = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const model = await open(tiny)
const scratch = mkdtempSync(join(tmpdir(), 'lc-speculation-'))
afterAll(async () => {
  for (const each of opened) await each.close()
  await device.close()
  rmSync(scratch, { recursive: true })
})

/** The same model with two tokens of its vocabulary exchanged. */
async function openWithSwappedTokens(): Promise<LocalModel> {
  cpSync(tiny, scratch, { recursive: true })
  const file = join(scratch, 'tokenizer.json')
  const tokenizer = JSON.parse(readFileSync(file, 'utf8'))
  const { vocab } = tokenizer.model
  const [one, two] = Object.keys(vocab).slice(-2) as [string, string]
  tokenizer.model.vocab = { ...vocab, [one]: vocab[two], [two]: vocab[one] }
  writeFileSync(file, JSON.stringify(tokenizer))
  return open(scratch)
}

const prompt = 'the cat sat on the mat and the cat sat on the hat and the dog sat on the cat and '.repeat(2)
const passages = [makePassage('the cat sat on the mat', { uri: 'mat.txt' })]
const request = (context: string) => ({ prompt: context })
/** Drafts whatever; half of it wrong. */
const noise: Drafter = {
  id: 'noise',
  most: 5,
  schedule: 'constant',
  start: async () => ({
    draft: async (answer, most) => ({ ids: Array.from({ length: most }, (_, at) => (answer.length * 31 + at) % 320) }),
    close: async () => {},
  }),
}

const drafters: Readonly<Record<string, () => Drafter>> = {
  'prompt look-up': () => promptLookup({ shortest: 1 }),
  'the model itself': () => draftModel(model, { confidence: 0 }),
  'the model, never sure': () => draftModel(model, { confidence: 1, schedule: 'constant' }),
  'a small cache': () => selfSpeculation({ policy: snapKv({ budget: 24, window: 8 }), confidence: 0 }),
  'first and last tokens': () => selfSpeculation({ policy: streamingLlm({ budget: 16 }), tokens: 3 }),
  noise: () => noise,
}

describe.each(Object.entries(drafters))('drafted by %s', (_name, drafter) => {
  test('a greedy answer is that of the model alone', async () => {
    const alone = await model.generate({ prompt, maxTokens: 40, logprobs: 1 })
    const { speculation, ...result } = await withSpeculation(model, drafter()).generate({
      prompt,
      maxTokens: 40,
      logprobs: 1,
    })
    expect(result.ids).toEqual(alone.ids)
    expect(result.text).toBe(alone.text)
    expect(result.usage).toEqual(alone.usage)
    expect(result.finishReason).toBe(alone.finishReason)
    for (const [index, own] of result.logprobs!.entries())
      expect(own.logprob).toBeCloseTo(alone.logprobs![index]!.logprob, 3)
    expect(speculation.drafted).toBeGreaterThan(0)
    expect(speculation.accepted).toBeLessThanOrEqual(speculation.drafted)
    // each token but the first and the last takes a run, or was drafted right
    expect(speculation.passes + speculation.accepted).toBe(39)
  })

  test('penalties, stops and streams are those of the model alone', async () => {
    const asked = { prompt, maxTokens: 24, frequencyPenalty: 0.7, repetitionPenalty: 1.2, stop: ['zzzz'] }
    const alone = await model.generate(asked)
    let text = ''
    for await (const part of withSpeculation(model, drafter()).stream(asked)) {
      if (part.type === 'text-delta') text += part.text
      if (part.type === 'finish') expect(part.speculation.passes).toBeLessThanOrEqual(23)
    }
    expect(text).toBe(alone.text)
  })
})

test('a model that drafts for itself is always right', async () => {
  const drafter = draftModel(model, { tokens: 4, confidence: 0, schedule: 'constant' })
  const { speculation } = await withSpeculation(model, drafter).generate({ prompt, maxTokens: 31 })
  expect(speculation).toEqual({ drafter: `draft-model(${model.id})`, drafted: 24, accepted: 24, passes: 6 })
})

/** Probabilities of all continuations of a length, by the model's own logits. */
async function continuations(length: number, temperature: number, topK: number): Promise<Map<string, number>> {
  const start = [...model.promptIds({ prompt })]
  let open = new Map<string, number>([['', 1]])
  for (let step = 0; step < length; step++) {
    const next = new Map<string, number>()
    for (const [path, probability] of open) {
      const { data } = await model.logits({ input: [...start, ...path.split(' ').filter(Boolean).map(Number)] })
      const best = [...data.entries()].sort((a, b) => b[1] - a[1]).slice(0, topK)
      const weights = best.map(([, logit]) => Math.exp((logit - best[0]![1]) / temperature))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [index, [id]] of best.entries())
        next.set(`${path} ${id}`.trim(), (probability * weights[index]!) / total)
    }
    open = next
  }
  return open
}

test('drawn answers are distributed as those of the model alone', async () => {
  const sampling = { temperature: 1.5, topK: 3 }
  const expected = await continuations(3, sampling.temperature, sampling.topK)
  expect(expected.size).toBe(27)
  const runs = 600
  const source = [...expected.keys()].flatMap((path) => path.split(' ').map(Number))
  const lookup = promptLookup({ shortest: 1, source })
  for (const drafter of [draftModel(model, { temperature: 4, confidence: 0 }), lookup]) {
    const fast = withSpeculation(model, drafter)
    const counts = new Map<string, number>()
    let accepted = 0
    for (let seed = 0; seed < runs; seed++) {
      const { ids, speculation } = await fast.generate({ prompt, maxTokens: 3, seed, ...sampling })
      accepted += speculation.accepted
      const path = ids!.join(' ')
      counts.set(path, (counts.get(path) ?? 0) + 1)
    }
    let statistic = 0
    for (const [path, probability] of expected)
      statistic += ((counts.get(path) ?? 0) - runs * probability) ** 2 / (runs * probability)
    expect([...counts.keys()].filter((path) => !expected.has(path))).toEqual([])
    expect(accepted).toBeGreaterThan(0)
    // 1 in 1,000 at 26 degrees of freedom
    expect(statistic).toBeLessThan(54.05)
  }
}, 240_000)

describe('rapid', () => {
  test('without transfer gives the answer of the model alone, greedy', async () => {
    const alone = await model.generate({ prompt, maxTokens: 20 })
    const fast = withSpeculation(model, rapid({ passages, request, transfer: 0 }))
    expect((await fast.generate({ prompt, maxTokens: 20 })).ids).toEqual(alone.ids)
  })

  test('reads what a stage retrieves, and with much transfer follows the drafter', async () => {
    let asked: string | undefined
    let read = ''
    const drafter = rapid({
      passages: [...passages, makePassage('something else', { uri: 'else.txt' })],
      query: 'where?',
      retrieve: async (state) => {
        asked = state.query
        return { ...state, passages: state.passages.slice(0, 1) }
      },
      request: (context) => {
        read = context
        return { prompt: context }
      },
      transfer: 1000,
      confidence: 0,
    })
    const asking = { prompt, maxTokens: 40, seed: 1, temperature: 0.3 }
    const { speculation } = await withSpeculation(model, drafter).generate(asking)
    expect(asked).toBe('where?')
    expect(read).toBe('[1] mat.txt\nthe cat sat on the mat')
    const unmoved = rapid({ passages, request, transfer: 0, confidence: 0 })
    const plain = await withSpeculation(model, unmoved).generate(asking)
    const share = (report: { drafted: number; accepted: number }) => report.accepted / report.drafted
    expect(share(speculation)).toBeGreaterThan(share(plain.speculation))
  })

  test.each([
    [{ passages: [], request, transfer: 1 }, /passages/],
    [{ passages, request, transfer: -1 }, /transfer/],
    [{ passages, request, transfer: 1, temperature: 0 }, /temperature/],
    [{ passages, request, transfer: 1, tokens: 40 }, /tokens/],
  ])('refuses %o', (options, message) => {
    expect(() => rapid(options)).toThrow(message)
  })
})

describe('what cannot be', () => {
  const fast = withSpeculation(model, promptLookup())

  test('a policy that acts between tokens, or is none', async () => {
    await expect(fast.generate({ prompt, policy: streamingLlm({ budget: 64 }) })).rejects.toMatchObject({
      code: 'policy-plan',
    })
    await expect(fast.generate({ prompt, policy: 'snap-kv' })).rejects.toThrow(/policy/)
    const own = withSpeculation(model, selfSpeculation({ policy: snapKv({ budget: 64 }) }))
    await expect(own.generate({ prompt, policy: fullCache })).rejects.toThrow(/policy/)
  })

  test('several answers, and a cache key', async () => {
    await expect(fast.generate({ prompt, n: 2 })).rejects.toThrow(/n/)
    await expect(fast.generate({ prompt, cacheKey: 'a' })).rejects.toThrow(/cacheKey/)
  })

  test('a drafter with other tokens, and options out of range', async () => {
    const other = withSpeculation(model, draftModel(await openWithSwappedTokens()))
    await expect(other.generate({ prompt, maxTokens: 4 })).rejects.toThrow(/token \d+ is another/)
    expect(() => draftModel(model, { tokens: 0 })).toThrow(/tokens/)
    expect(() => draftModel(model, { confidence: 2 })).toThrow(/confidence/)
    expect(() => selfSpeculation({ policy: 'snap-kv' as never })).toThrow(/policy/)
  })

  test('an abort ends it, and leaves the model usable', async () => {
    await expect(fast.generate({ prompt, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    const controller = new AbortController()
    const parts = (async () => {
      for await (const _part of fast.stream({ prompt, maxTokens: 300, signal: controller.signal })) controller.abort()
    })()
    await expect(parts).rejects.toMatchObject({ name: 'AbortError' })
    expect((await fast.generate({ prompt, maxTokens: 3 })).ids).toHaveLength(3)
  })

  test('an empty prompt and one token are answered as ever', async () => {
    expect((await fast.generate({ prompt: '', maxTokens: 5 })).ids).toEqual(
      (await model.generate({ prompt: '', maxTokens: 5 })).ids,
    )
    expect((await fast.generate({ prompt, maxTokens: 1 })).speculation.passes).toBe(0)
  })
})

test('goes with a policy that acts at the prompt', async () => {
  const policy = expectedAttention({ budget: 40 })
  const alone = await model.generate({ prompt, maxTokens: 16, policy })
  const fast = withSpeculation(model, promptLookup({ shortest: 1 }))
  expect((await fast.generate({ prompt, maxTokens: 16, policy })).ids).toEqual(alone.ids)
})
