import type { JsonObject } from '@lc/model'
import { embedderSuite, rerankerSuite, tokenClassifierSuite } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference, readFixtureJson, readFixtureTensors } from '../../../fixtures/read-fixture.ts'
import { openModel } from '../../model-files/open-model.ts'
import { encoderFeeds } from '../../models/encoder/encoder-feeds.ts'
import { buildEncoderGraph } from '../../models/encoder/encoder-graph.ts'
import { bindEncoderWeights } from '../../models/encoder/encoder-weights.ts'
import { readEncoderConfig } from '../../models/encoder/read-encoder-config.ts'
import { nodeDevice } from '../../node-platform/node-device.ts'
import { nodeFilePlatform } from '../../node-platform/node-file-platform.ts'
import type { LocalEmbedder } from './local-embedder.ts'
import type { LocalReranker } from './local-reranker.ts'
import type { LocalTokenClassifier } from './local-token-classifier.ts'
import { type LocalEncoder, type OpenEncoderOptions, openEncoder } from './open-encoder.ts'
import { frameIds, specialFrame } from './special-frame.ts'

const device = await nodeDevice({ kind: 'cpu', threads: 1 })
const opened: LocalEncoder[] = []
afterAll(async () => {
  for (const encoder of opened) await encoder.close()
  await device.close()
})

async function open<T extends LocalEncoder>(
  folder: string,
  options: OpenEncoderOptions = {},
  settings: JsonObject = {},
): Promise<T> {
  const recorded = await openModel({ folder: fixturePath(folder) }, { platform: nodeFilePlatform({}) })
  const files = { ...recorded, config: { ...recorded.config, ...settings } }
  const encoder = await openEncoder(files, device, options)
  opened.push(encoder)
  return encoder as T
}

/** Logits of the tokens of one text by the graph with a mask. */
async function maskedLogits(folder: string, ids: Uint32Array): Promise<Float32Array> {
  const files = await openModel({ folder: fixturePath(folder) }, { platform: nodeFilePlatform({}) })
  const config = readEncoderConfig(files.config)
  const graph = buildEncoderGraph(config, { weights: files.weights })
  const program = await device.compile(graph, { weights: await bindEncoderWeights(graph, files.weights) })
  const rows = [{ ids: frameIds(specialFrame(files.tokenizer), ids) }]
  const { logits } = await program.run(encoderFeeds(config, rows), ['logits'])
  await program.close()
  await files.close()
  const labels = config.labels.length
  return (logits!.data as Float32Array).slice(labels, -labels)
}

interface Recorded {
  readonly texts: string[]
  readonly ids: number[][]
  readonly pairs: { first: string; second: string; logits: number[] }[]
}

embedderSuite({
  describe,
  test,
  expect,
  name: 'a tiny BERT as an embedder',
  create: () => open<LocalEmbedder>('tiny-bert'),
  normalised: 'yes',
  tolerance: 1e-5,
  // random weights know no meaning: the near text has the same words
  triple: ['the cat sleeps on the sofa', 'the cat sleeps on the sofas', 'INTEREST RATES ROSE 10 %'],
})
rerankerSuite({
  describe,
  test,
  expect,
  name: 'a tiny XLM-RoBERTa as a reranker',
  create: () => open<LocalReranker>('tiny-xlm-roberta'),
  tolerance: 1e-5,
  query: 'ice',
  relevant: 'A post lives about nineteen months on one set of batteries.',
  irrelevant: 'the harbour',
})
tokenClassifierSuite({
  describe,
  test,
  expect,
  name: 'a tiny BERT as a token classifier',
  create: () => open<LocalTokenClassifier>('tiny-bert-tokens'),
  tolerance: 1e-5,
})

describe('LocalEmbedder', () => {
  test('gives the normalised mean of the recorded states', async () => {
    const embedder = await open<LocalEmbedder>('tiny-bert')
    const { texts } = readFixtureJson<Recorded>('tiny-bert', 'texts.json')
    const mean = (await readFixtureTensors('tiny-bert', 'expected.safetensors')).get('pooled.mean')!.data
    const vectors = await embedder.embed(texts)
    for (const [index, vector] of vectors.entries()) {
      const row = mean.subarray(index * 32, (index + 1) * 32)
      const norm = Math.hypot(...row)
      expect(
        largestDifference(
          vector,
          row.map((value) => value / norm),
        ),
      ).toBeLessThan(1e-5)
    }
  })

  test('reads its settings from the files of sentence-transformers', async () => {
    const { settings } = await open<LocalEmbedder>('tiny-bert')
    expect(settings).toEqual({
      prompts: { query: 'question: ', document: '' },
      maxLength: 48,
      lowerCase: false,
      normalise: true,
    })
  })

  test('puts the prompt of the kind before the text', async () => {
    const embedder = await open<LocalEmbedder>('tiny-bert')
    const [query] = await embedder.embed(['ice'], { kind: 'query' })
    const [written] = await embedder.embed(['question: ice'])
    expect(largestDifference(query!, written!)).toBe(0)
  })

  test('token vectors are those of the text alone, without prompt and special tokens', async () => {
    const embedder = await open<LocalEmbedder>('tiny-bert')
    const count = embedder.tokenizer.count('the harbour froze')
    for (const kind of ['query', 'document'] as const) {
      const [states] = await embedder.embed(['the harbour froze'], { output: 'tokens', kind })
      expect(states!.length).toBe(count * embedder.dimensions)
    }
  })

  test('cuts the end of a text that is too long, and keeps the end token', async () => {
    const embedder = await open<LocalEmbedder>('tiny-bert')
    const long = 'ice on the harbour '.repeat(40)
    const [states] = await embedder.embed([long], { output: 'tokens' })
    expect(states!.length).toBe((48 - 2) * embedder.dimensions)
    const [whole] = await embedder.embed([long])
    const [longer] = await embedder.embed([`${long} and more`])
    expect(largestDifference(whole!, longer!)).toBe(0)
  })

  test('options win over the settings of the files', async () => {
    const embedder = await open<LocalEmbedder>('tiny-bert', { normalise: false, pooling: 'cls', maxLength: 8 })
    const expected = await readFixtureTensors('tiny-bert', 'expected.safetensors')
    const [vector] = await embedder.embed(['ice'])
    expect(largestDifference(vector!, expected.get('pooled.cls')!.data.subarray(3 * 32))).toBeLessThan(1e-5)
    expect(embedder.contextLength).toBe(8)
  })
})

describe('LocalReranker', () => {
  test('scores pairs as transformers does', async () => {
    for (const folder of ['tiny-bert-pair', 'tiny-xlm-roberta']) {
      const reranker = await open<LocalReranker>(folder)
      for (const { first, second, logits } of readFixtureJson<Recorded>(folder, 'texts.json').pairs)
        expect(largestDifference(await reranker.rank(first, [second]), logits)).toBeLessThan(1e-4)
    }
  })

  test('a head of several labels gives logits, and refuses to rank', async () => {
    const reranker = await open<LocalReranker>('tiny-modernbert')
    const { texts } = readFixtureJson<Recorded>('tiny-modernbert', 'texts.json')
    const logits = await reranker.logits(texts)
    const expected = (await readFixtureTensors('tiny-modernbert', 'expected.safetensors')).get('batch.logits')!
    expect(
      largestDifference(
        logits.flatMap((row) => [...row]),
        expected.data,
      ),
    ).toBeLessThan(1e-4)
    await expect(reranker.rank('ice', ['ice'])).rejects.toMatchObject({ code: 'unsupported-capability' })
  })

  test('cuts the end of the text, never the query', async () => {
    const reranker = await open<LocalReranker>('tiny-bert-pair')
    const long = 'ice on the harbour '.repeat(40)
    const [score, longer] = await reranker.rank('when', [long, `${long} and more`])
    expect(score).toBe(longer)
    await expect(reranker.rank(long, ['ice'])).rejects.toMatchObject({ code: 'context-length', limit: 64 })
  })
})

describe('LocalTokenClassifier', () => {
  test('gives the recorded logits for each token of the text', async () => {
    const classifier = await open<LocalTokenClassifier>('tiny-roberta')
    const { texts, ids } = readFixtureJson<Recorded>('tiny-roberta', 'texts.json')
    const expected = (await readFixtureTensors('tiny-roberta', 'expected.safetensors')).get('batch.logits')!.data
    const results = await classifier.classify(texts)
    let start = 0
    for (const [index, { ids: own, logits }] of results.entries()) {
      expect([...own]).toEqual(ids[index]!.slice(1, -1))
      const rows = expected.subarray((start + 1) * 2, (start + ids[index]!.length - 1) * 2)
      expect(largestDifference(logits, rows)).toBeLessThan(1e-4)
      start += ids[index]!.length
    }
  })

  test('ids and their text give the same', async () => {
    const classifier = await open<LocalTokenClassifier>('tiny-roberta')
    const text = 'The harbour froze in January.'
    const [fromText] = await classifier.classify([text])
    const [fromIds] = await classifier.classify([fromText!.ids])
    expect(fromIds).toEqual(fromText)
  })

  test('long texts, which run without a mask, give what a mask gives', async () => {
    const classifier = await open<LocalTokenClassifier>('tiny-modernbert-tokens', {}, { max_position_embeddings: 2048 })
    const long = 'The harbour froze in January, and the ice was thick. '.repeat(20)
    const [whole] = await classifier.classify([long])
    expect(whole!.ids.length).toBeGreaterThan(500)
    // ids of one length are one batch; of two lengths two runs
    const [first, second] = await classifier.classify([whole!.ids, whole!.ids.slice(0, -1)])
    expect(largestDifference(first!.logits, whole!.logits)).toBeLessThan(1e-5)
    expect(second!.logits.length).toBe(whole!.logits.length - 2)
    const masked = await maskedLogits('tiny-modernbert-tokens', whole!.ids)
    expect(largestDifference(whole!.logits, masked)).toBeLessThan(1e-4)
  })

  test('without a frame the model reads the given ids and no others', async () => {
    const classifier = await open<LocalTokenClassifier>('tiny-roberta')
    const [framed] = await classifier.classify(['The harbour froze.'])
    const ids = frameIds(specialFrame(classifier.tokenizer), framed!.ids)
    const [bare] = await classifier.classify([ids], { special: 'none' })
    expect(bare!.logits.length).toBe(ids.length * 2)
    expect(largestDifference(bare!.logits.subarray(2, -2), framed!.logits)).toBeLessThan(1e-6)
    // there is room for two more
    const [full] = await classifier.classify([new Uint32Array(64).fill(ids[1]!)], { special: 'none' })
    expect(full!.ids.length).toBe(64)
  })

  test('many calls at once all finish, and close waits for them', async () => {
    const classifier = await open<LocalTokenClassifier>('tiny-roberta')
    const calls = Array.from({ length: 64 }, (_, index) => classifier.classify([`ice ${index}`]))
    const closed = classifier.close()
    expect((await Promise.all(calls)).every((results) => results[0]!.logits.every(Number.isFinite))).toBe(true)
    await closed
  })

  test('an abort between batches rejects with its reason', async () => {
    const classifier = await open<LocalTokenClassifier>('tiny-roberta')
    const controller = new AbortController()
    const reason = { why: 'enough' }
    const seen: number[] = []
    const run = classifier.classify(
      Array.from({ length: 300 }, (_, index) => 'ice '.repeat(1 + (index % 12))),
      {
        signal: controller.signal,
        onProgress: ({ done }) => {
          seen.push(done)
          controller.abort(reason)
        },
      },
    )
    await expect(run).rejects.toBe(reason)
    expect(seen).toHaveLength(1)
  })

  test('a text beyond the context is refused', async () => {
    const classifier = await open<LocalTokenClassifier>('tiny-roberta')
    expect(classifier.contextLength).toBe(62)
    await expect(classifier.classify(['ice '.repeat(100)])).rejects.toMatchObject({ code: 'context-length', limit: 62 })
  })

  test('after close every call is refused, and closing again does nothing', async () => {
    const classifier = await open<LocalTokenClassifier>('tiny-bert-tokens')
    await classifier.close()
    await classifier.close()
    await expect(classifier.classify(['ice'])).rejects.toMatchObject({ code: 'disposed' })
  })
})
