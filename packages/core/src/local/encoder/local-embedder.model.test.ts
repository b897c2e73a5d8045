import { readFile } from 'node:fs/promises'
import { embedderSuite } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, readFixtureJson, readFixtureTensors } from '../../../fixtures/read-fixture.ts'
import { openModel } from '../../model-files/open-model.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import { loadEmbedder } from './load-encoder.ts'
import type { LocalEmbedder } from './local-embedder.ts'
import { openEncoder } from './open-encoder.ts'

const platform = nodePlatform()
const device = await platform.openDevice({ kind: 'cpu' })
const embedder = (await openEncoder(await openModel('all-minilm-l6-v2', { platform }), device)) as LocalEmbedder
afterAll(async () => {
  await embedder.close()
  await device.close()
})

embedderSuite({ describe, test, expect, name: 'MiniLM', create: () => embedder, normalised: 'yes', tolerance: 1e-5 })

interface Recorded {
  readonly texts: string[]
  readonly longText: string
  readonly ids: number[][]
}

test('MiniLM gives the vectors of sentence-transformers within 1e-5 of cosine distance', async () => {
  const { texts, ids } = readFixtureJson<Recorded>('minilm', 'texts.json')
  const long = await readFile(fixturePath('smollm2-135m', 'texts', 'long.txt'), 'utf8')
  const expected = (await readFixtureTensors('minilm', 'expected.safetensors')).get('embeddings')!.data
  for (const [index, text] of texts.entries())
    expect([...embedder.tokenizer.encode(text, { special: 'model' }).ids]).toEqual(ids[index])
  // the last text is longer than what the model reads
  const vectors = await embedder.embed([...texts, long])
  for (const [index, vector] of vectors.entries()) {
    let cosine = 0
    for (const [at, value] of vector.entries()) cosine += value * expected[index * vector.length + at]!
    expect(Math.abs(1 - cosine)).toBeLessThan(1e-5)
  }
})

test('8-bit integers keep the direction of the vectors', async () => {
  const fast = await loadEmbedder('all-minilm-l6-v2', { platform, device, accuracy: 'fast' })
  const { texts } = readFixtureJson<Recorded>('minilm', 'texts.json')
  const [exact, quick] = [await embedder.embed(texts), await fast.embed(texts)]
  for (const [index, vector] of exact.entries())
    expect(vector.reduce((sum, value, at) => sum + value * quick[index]![at]!, 0)).toBeGreaterThan(0.99)
  await fast.close()
})

test('reads its limits from the files', () => {
  expect(embedder.dimensions).toBe(384)
  expect(embedder.settings).toMatchObject({ maxLength: 256, normalise: true })
})
