import { expect, test } from 'vitest'
import { fixturePath, largestDifference } from '../../../fixtures/read-fixture.ts'
import { nodeDevice } from '../../node-platform/node-device.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import { loadEmbedder, loadEncoder, loadReranker, loadTokenClassifier } from './load-encoder.ts'

const platform = nodePlatform({})
const folder = (name: string) => ({ folder: fixturePath(name) })

test('each head loads as its own kind, on a device that closes with it', async () => {
  const embedder = await loadEmbedder(folder('tiny-bert'), { platform, threads: 1 })
  const reranker = await loadReranker(folder('tiny-xlm-roberta'), { platform, threads: 1 })
  const classifier = await loadTokenClassifier(folder('tiny-roberta'), { platform, threads: 1 })
  expect([embedder.dimensions, reranker.labels.length, classifier.labels]).toEqual([32, 1, ['drop', 'keep']])
  for (const encoder of [embedder, reranker, classifier]) {
    await encoder.close()
    expect(encoder.closed).toBe(true)
  }
})

test('another kind is refused by name', async () => {
  await expect(loadReranker(folder('tiny-bert'), { platform })).rejects.toMatchObject({
    code: 'unsupported-capability',
    capability: 'rank texts',
  })
})

test('a decoder is not an encoder', async () => {
  await expect(loadEncoder(folder('tiny-llama'), { platform })).rejects.toMatchObject({ code: 'unsupported-model' })
})

test('a device that was given is shared and stays open', async () => {
  const device = await nodeDevice({ kind: 'cpu', threads: 1 })
  const first = await loadEmbedder(folder('tiny-bert'), { platform, device })
  const second = await loadEmbedder(folder('tiny-bert'), { platform, device })
  const [vector] = await first.embed(['ice'])
  await first.close()
  const [again] = await second.embed(['ice'])
  expect(largestDifference(vector!, again!)).toBe(0)
  await second.close()
  await device.close()
})

test('an abort while loading rejects with its reason', async () => {
  const reason = { why: 'gone' }
  await expect(loadEncoder(folder('tiny-bert'), { platform, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})
