import type { ScoreRequest, ScoreResult, Scorer } from '@lc/model'
import { BigramModel } from '@lc/model/testing'
import { describe, expect, test } from 'vitest'
import { AdaptiveScorer } from '../testing-kit/adaptive-scorer.ts'
import { cachedScorer, withoutKeeping } from './cached-scorer.ts'
import type { EntryStore } from './entry-store.ts'
import { memoryStore } from './memory-store.ts'
import { decodeScore, encodeScore } from './score-entry.ts'

const context = Uint32Array.from({ length: 40 }, (_, index) => index % 7)
const other = Uint32Array.from({ length: 40 }, (_, index) => index % 5)
const request = (continuation: number[], before: Uint32Array = context): ScoreRequest => ({
  context: before,
  continuation,
  join: 'ids',
})

describe('scores of equal requests', () => {
  test('are computed once, and are the same', async () => {
    const model = new AdaptiveScorer()
    const scorer = cachedScorer(model)
    const requests = [request([1, 2]), { context: 'a b', continuation: ' a' }, request([3])]
    const first = await scorer.score(requests)
    const again = await scorer.score(requests)
    expect(model.calls).toBe(1)
    expect(again).toEqual(first)
    expect(first).toEqual(await new AdaptiveScorer().score(requests))
    expect(scorer.hits.scores).toBe(3)
  })

  test('differ by context, continuation, form, accuracy and weights', async () => {
    const store = memoryStore()
    const one = new AdaptiveScorer()
    const scorer = cachedScorer(one, { store, weights: 'one' })
    const asked: [ScoreRequest, 'exact' | 'fast' | undefined][] = [
      [request([1, 2]), 'exact'],
      [request([1, 2]), 'fast'],
      [request([1, 3]), 'exact'],
      [request([1, 2], other), 'exact'],
      [{ context: '1', continuation: '2' }, 'exact'],
      [{ context: '1', continuation: '2', join: 'ids' }, 'exact'],
      [{ context: '12', continuation: '' }, 'exact'],
    ]
    for (const [each, accuracy] of asked) await scorer.score([each], { ...(accuracy && { accuracy }) })
    expect(one.calls).toBe(asked.length)
    const two = new AdaptiveScorer()
    await cachedScorer(two, { store, weights: 'two' }).score([request([1, 2])], { accuracy: 'exact' })
    expect(two.calls).toBe(1)
    const three = new AdaptiveScorer()
    await cachedScorer(three, { store, weights: 'one' }).score([request([1, 2])], { accuracy: 'exact' })
    expect(three.calls).toBe(0)
  })

  test('of scorers without a name are never mixed up', async () => {
    const store = memoryStore()
    const [one, two] = [new AdaptiveScorer(), new AdaptiveScorer()]
    await cachedScorer(one, { store }).score([request([1])])
    await cachedScorer(two, { store }).score([request([1])])
    expect(two.calls).toBe(1)
  })

  test('that a store forgot or spoiled are computed again', async () => {
    const spoiled: EntryStore = {
      get: async (keys) => keys.map(() => Uint8Array.of(1, 2, 3)),
      put: async () => undefined,
    }
    const model = new AdaptiveScorer()
    const [result] = await cachedScorer(model, { store: spoiled }).score([request([1, 2])])
    expect(result).toEqual((await new AdaptiveScorer().score([request([1, 2])]))[0])
  })

  test('survive encoding to the bit', async () => {
    const result: ScoreResult = {
      ids: Uint32Array.of(7, 4_000_000_000),
      spans: [
        { start: 0, end: 3 },
        { start: 3, end: 3 },
      ],
      logprobs: Float32Array.of(Number.NaN, -1.2345678),
      accuracy: 'fast',
    }
    expect(decodeScore(encodeScore(result))).toEqual(result)
    expect(decodeScore(encodeScore(result).subarray(0, 20))).toBeUndefined()
  })

  test('with a cache policy are left to the model', async () => {
    const model = new AdaptiveScorer()
    const scorer = cachedScorer(model)
    await scorer.score([request([1])], { policy: 'any' })
    await scorer.score([request([1])], { policy: 'any' })
    expect(model.calls).toBe(2)
  })
})

/** Counts what the model below reads. */
function counted(model: BigramModel): Scorer & { prepared: number; read: number } {
  return {
    tokenizer: model.tokenizer,
    weightsHash: 'bigram',
    prepared: 0,
    read: 0,
    async score(requests, options) {
      for (const { context: before, continuation } of requests) {
        const cached = typeof before === 'object' && 'extend' in before
        this.read += (cached ? 0 : before.length) + continuation.length
      }
      return model.score(requests, options)
    },
    async prepare(ids, options) {
      this.prepared++
      this.read += ids.length
      return model.prepare(ids, options)
    },
  }
}

describe('contexts', () => {
  const text = 'the quick brown fox jumps over the lazy dog and the dog sleeps '
  const model = new BigramModel(text.repeat(3))
  const contexts = [0, 1, 2].map((at) => model.tokenizer.encode(`${text.repeat(3)} ${'dog '.repeat(at)}`).ids)
  const ask = (question: string): ScoreRequest[] =>
    contexts.map((before) => ({ context: before, continuation: model.tokenizer.encode(question).ids, join: 'ids' }))

  test('are read once for all questions, with the scores of a model that reads them again', async () => {
    const below = counted(model)
    const scorer = cachedScorer(below, { contextTokens: 1000 })
    expect(scorer.keepsContexts).toBe(true)
    await scorer.score(ask('the fox'))
    const first = below.read
    const second = await scorer.score(ask('the dog sleeps'))
    expect(below.prepared).toBe(3)
    expect(below.read - first).toBe(3 * model.tokenizer.count('the dog sleeps'))
    const plain = await model.score(ask('the dog sleeps'))
    expect(second.map(({ logprobs }) => Array.from(logprobs))).toEqual(
      plain.map(({ logprobs }) => Array.from(logprobs)),
    )
    await scorer.close()
  })

  test('take no more than their room: what is there is used first, what does not fit is read without being kept', async () => {
    const below = counted(model)
    const room = contexts[0]!.length + contexts[1]!.length
    const scorer = cachedScorer(below, { contextTokens: room })
    await scorer.score(ask('the fox'))
    expect(below.prepared).toBe(2)
    await scorer.score(ask('a dog'))
    // a scan that is larger than the room does not throw out what it is about to use
    expect(scorer.hits.contexts).toBe(2)
    expect(below.prepared).toBe(2)
    await scorer.score([ask('lazy')[2]!])
    expect(below.prepared).toBe(3)
    await scorer.score([ask('the lazy')[0]!])
    expect(below.prepared).toBe(4)
    await scorer.close()
  })

  test('that will hardly come again are not kept, but their scores are', async () => {
    const below = counted(model)
    const scorer = cachedScorer(below, { contextTokens: 1000 })
    await withoutKeeping(scorer).score(ask('the fox'))
    expect(below.prepared).toBe(0)
    const { read } = below
    await scorer.score(ask('the fox'))
    expect(below.read).toBe(read)
    expect(withoutKeeping(below)).toBe(below)
  })

  test('stay whole through an abort and through calls at the same time', async () => {
    const below = counted(model)
    const scorer = cachedScorer(below, { contextTokens: 1000 })
    const reason = new DOMException('enough', 'AbortError')
    await expect(scorer.score(ask('fox'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const both = await Promise.all([scorer.score(ask('fox')), scorer.score(ask('the dog'))])
    expect(both[1]!.map(({ logprobs }) => Array.from(logprobs))).toEqual(
      (await model.score(ask('the dog'))).map(({ logprobs }) => Array.from(logprobs)),
    )
    await scorer.close()
    await scorer.close()
  })
})

describe('the memory store', () => {
  test('forgets what was not used for longest', async () => {
    const store = memoryStore({ limitBytes: 10 })
    await store.put(
      new Map([
        ['a', new Uint8Array(4)],
        ['b', new Uint8Array(4)],
      ]),
    )
    await store.get(['a'])
    await store.put(new Map([['c', new Uint8Array(4)]]))
    expect((await store.get(['a', 'b', 'c'])).map((bytes) => bytes?.length)).toEqual([4, undefined, 4])
    await store.put(new Map([['huge', new Uint8Array(11)]]))
    expect((await store.get(['huge', 'a']))[0]).toBeUndefined()
  })
})
