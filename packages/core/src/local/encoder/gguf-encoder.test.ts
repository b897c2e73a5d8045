import { expect, test } from 'vitest'
import { fixturePath, largestDifference, readFixtureJson, readFixtureTensors } from '../../../fixtures/read-fixture.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import { loadEmbedder } from './load-encoder.ts'

test('a GGUF file of BERT embeds as its dequantised weights do, pooled as it says', async () => {
  const file = fixturePath('tiny-bert-gguf', 'model.gguf')
  const embedder = await loadEmbedder({ file }, { platform: nodePlatform({}), device: 'cpu', threads: 1 })
  const { texts, ids } = readFixtureJson<{ texts: string[]; ids: number[][] }>('tiny-bert-gguf', 'texts.json')
  const expected = (await readFixtureTensors('tiny-bert-gguf', 'expected.safetensors')).get('pooled.cls')!.data
  for (const [index, text] of texts.entries())
    expect([...embedder.tokenizer.encode(text, { special: 'model' }).ids]).toEqual(ids[index])
  const vectors = await embedder.embed(texts)
  expect(
    largestDifference(
      vectors.flatMap((vector) => [...vector]),
      expected,
    ),
  ).toBeLessThan(1e-4)
  expect(embedder.contextLength).toBe(64)
  await embedder.close()
})
