/** @file What every `Scorer` must hold: real conditional probabilities, aligned to the text, whatever the batching. */
import type { Scorer } from '../capability/scorer.ts'
import { testPreparedContext } from './prepared-context-suite.ts'
import { createOnce, errorCodeOf, largestDifference, type SuiteOptions, testAbort } from './suite-runner.ts'

/** The scorer under test. */
export interface ScorerSuiteOptions extends SuiteOptions<Scorer> {
  /** A text of at least two tokens before what is scored. */
  context?: string
  /** A text of at least four tokens. */
  continuation?: string
  /** How far two ways of computing one log-probability may differ. Defaults to 1e-3. */
  tolerance?: number
  /** Whether requests longer than the context length are refused; a server may cut or refuse in its own way. Defaults to true where `contextLength` is known. */
  refusesLongRequests?: boolean
}

type Resolved = ScorerSuiteOptions & Required<Pick<ScorerSuiteOptions, 'context' | 'continuation' | 'tolerance'>>

/** Tests of a scorer; of `prepare` too, where it exists. */
export function scorerSuite(given: ScorerSuiteOptions): void {
  const options: Resolved = {
    context: 'The cat sat on the mat. The dog',
    continuation: ' sat on the mat, and the cat',
    tolerance: 1e-3,
    ...given,
  }
  const get = createOnce(options.create)
  options.describe(options.name ?? 'Scorer', () => {
    testShape(options, get)
    testProbability(options, get)
    testJoin(options, get)
    testBatch(options, get)
    testLimits(options, get)
    testAbort(options, get, (scorer, signal) => scorer.score([options], { signal }))
    testPreparedContext(options, get)
  })
}

function testShape({ test, expect, context, continuation }: Resolved, get: () => Promise<Scorer>): void {
  test('gives an id, a span and a log-probability for each token of the continuation', async () => {
    const scorer = await get()
    const { ids } = scorer.tokenizer.encode(continuation)
    const [result] = await scorer.score([{ context, continuation, join: 'ids' }])
    expect(Array.from(result!.ids)).toEqual(Array.from(ids))
    expect(result!.spans).toEqual(scorer.tokenizer.encode(continuation).spans)
    expect(result!.logprobs.length).toBe(ids.length)
    expect(result!.logprobs instanceof Float32Array, 'logprobs are a Float32Array').toBe(true)
    for (const logprob of result!.logprobs) {
      expect(logprob).toBeLessThanOrEqual(1e-4)
      expect(Number.isFinite(logprob)).toBe(true)
    }
  })

  test('the first token has NaN when nothing precedes it, and only that one', async () => {
    const [result] = await (await get()).score([{ context: '', continuation }])
    expect(Array.from(result!.logprobs, Number.isNaN)).toEqual(Array.from(result!.logprobs, (_, index) => index === 0))
  })
}

function testProbability(options: Resolved, get: () => Promise<Scorer>): void {
  const { test, expect, context, continuation, tolerance } = options
  test('one call gives what scoring token by token gives', async () => {
    const scorer = await get()
    const before = Array.from(scorer.tokenizer.encode(context).ids)
    const ids = Array.from(scorer.tokenizer.encode(continuation).ids)
    const [whole] = await scorer.score([{ context: before, continuation: ids }])
    const single = await scorer.score(
      ids.map((id, index) => ({ context: [...before, ...ids.slice(0, index)], continuation: [id] })),
    )
    const apart = single.map((result) => result.logprobs[0]!)
    expect(largestDifference(whole!.logprobs, apart)).toBeLessThanOrEqual(tolerance)
  })

  test('the probabilities of different next tokens do not add up to more than 1', async () => {
    const scorer = await get()
    const before = scorer.tokenizer.encode(context).ids
    const candidates = [...new Set(scorer.tokenizer.encode(`${context}${continuation} a b c d 1 2 3 . , ;`).ids)]
    const results = await scorer.score(candidates.map((id) => ({ context: before, continuation: [id] })))
    const total = results.reduce((sum, result) => sum + Math.exp(result.logprobs[0]!), 0)
    expect(total).toBeLessThanOrEqual(1 + tolerance)
  })

  test('what comes later does not change what came before', async () => {
    const scorer = await get()
    const ids = Array.from(scorer.tokenizer.encode(continuation).ids)
    const before = scorer.tokenizer.encode(context).ids
    const [long] = await scorer.score([{ context: before, continuation: ids }])
    const [short] = await scorer.score([{ context: before, continuation: ids.slice(0, -2) }])
    expect(largestDifference(long!.logprobs.slice(0, -2), short!.logprobs)).toBeLessThanOrEqual(tolerance)
  })
}

function testJoin({ test, expect, context, continuation, tolerance }: Resolved, get: () => Promise<Scorer>): void {
  test('two strings are tokenised together, wherever they are cut', async () => {
    const scorer = await get()
    const text = context + continuation
    const { ids } = scorer.tokenizer.encode(text)
    const [whole] = await scorer.score([{ context: '', continuation: text }])
    for (const cut of [1, context.length - 1, context.length, context.length + 2]) {
      const [part] = await scorer.score([{ context: text.slice(0, cut), continuation: text.slice(cut) }])
      const count = part!.ids.length
      expect(Array.from(part!.ids)).toEqual(Array.from(ids.subarray(ids.length - count)))
      expect(part!.spans.at(-1)?.end).toBe(text.length - cut)
      expect(part!.spans.every((span) => span.start >= 0 && span.start <= span.end)).toBe(true)
      const tail = whole!.logprobs.slice(-count)
      if (count === ids.length) tail[0] = part!.logprobs[0]!
      expect(largestDifference(tail, part!.logprobs)).toBeLessThanOrEqual(tolerance)
    }
  })

  test('ids and text mix: they are tokenised apart', async () => {
    const scorer = await get()
    const before = scorer.tokenizer.encode(context).ids
    const [mixed] = await scorer.score([{ context: before, continuation }])
    const [apart] = await scorer.score([{ context, continuation, join: 'ids' }])
    expect(largestDifference(mixed!.logprobs, apart!.logprobs)).toBeLessThanOrEqual(tolerance)
  })
}

function testBatch({ test, expect, context, continuation, tolerance }: Resolved, get: () => Promise<Scorer>): void {
  test('a batch of different lengths keeps its order and gives what single calls give', async () => {
    const scorer = await get()
    const requests = [
      { context, continuation },
      { context: `${context}${continuation} ${context}`, continuation: continuation.slice(0, 6) },
      { context: context.slice(0, 8), continuation: `${continuation}${continuation}` },
      { context, continuation },
    ]
    const batch = await scorer.score(requests)
    expect(batch.length).toBe(requests.length)
    for (const [index, request] of requests.entries()) {
      const [single] = await scorer.score([request])
      expect(Array.from(batch[index]!.ids)).toEqual(Array.from(single!.ids))
      expect(largestDifference(batch[index]!.logprobs, single!.logprobs)).toBeLessThanOrEqual(tolerance)
    }
  })

  test('calls side by side give what they give alone', async () => {
    const scorer = await get()
    const alone = await scorer.score([{ context, continuation }])
    const together = await Promise.all([1, 2, 3].map(() => scorer.score([{ context, continuation }])))
    for (const results of together)
      expect(largestDifference(results[0]!.logprobs, alone[0]!.logprobs)).toBeLessThanOrEqual(tolerance)
  })

  test('no requests give no results; an empty continuation gives an empty one', async () => {
    const scorer = await get()
    expect(await scorer.score([])).toEqual([])
    const [empty, full] = await scorer.score([
      { context, continuation: '' },
      { context, continuation },
    ])
    expect(empty!.ids.length + empty!.spans.length + empty!.logprobs.length).toBe(0)
    expect(full!.ids.length).toBeGreaterThanOrEqual(4)
  })
}

function testLimits(options: Resolved, get: () => Promise<Scorer>): void {
  const { test, expect, continuation, refusesLongRequests = true } = options
  if (!refusesLongRequests) return
  test('a request longer than the context is a ContextLengthError', async () => {
    const scorer = await get()
    if (scorer.contextLength === undefined) return
    const [id] = scorer.tokenizer.encode(continuation).ids
    const context = new Uint32Array(scorer.contextLength).fill(id!)
    expect(await errorCodeOf(() => scorer.score([{ context, continuation }]))).toBe('context-length')
  })
}
