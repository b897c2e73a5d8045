/** @file The real models, exported and run by transformers.js: the same tokens, texts and vectors as recorded. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AutoModelForCausalLM, AutoTokenizer, env, pipeline, type Tensor } from '@huggingface/transformers'
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference, readFixtureJson, readFixtureTensors } from '../../fixtures/read-fixture.ts'
import { openModel } from '../model-files/open-model.ts'
import { folderOnDisk } from '../node-platform/folder-on-disk.ts'
import { nodePlatform } from '../node-platform/node-platform.ts'
import { type ExportModelOptions, exportModel } from './export-model.ts'

const root = await mkdtemp(join(tmpdir(), 'export-'))
afterAll(() => rm(root, { recursive: true, force: true }))
env.allowRemoteModels = false
env.localModelPath = root

async function exported(name: string, options: ExportModelOptions = {}): Promise<string> {
  const files = await openModel(name, { platform: nodePlatform() })
  await exportModel(files, folderOnDisk(join(root, name)), options)
  await files.close()
  return name
}

interface Recorded {
  readonly texts: { readonly name: string; readonly ids: number[] }[]
  readonly chats: {
    readonly messages: { role: string; content: string }[]
    readonly prompt: string
    readonly promptIds: number[]
    readonly ids: number[]
  }[]
}

describe('SmolLM2-135M from GGUF in transformers.js', () => {
  test('tokenizes as recorded', async () => {
    const folder = await exported('smollm2-135m', { dtype: 'q4', accuracy: 'exact' })
    const tokenizer = await AutoTokenizer.from_pretrained(folder)
    const { texts, chats } = readFixtureJson<Recorded>('smollm2-135m', 'expected.json')
    for (const { name, ids } of texts) {
      const text = await readFile(fixturePath('smollm2-135m', 'texts', `${name}.txt`), 'utf8')
      expect(tokenizer.encode(text, { add_special_tokens: false })).toEqual(ids)
    }
    for (const { messages, prompt } of chats)
      expect(tokenizer.apply_chat_template(messages, { tokenize: false, add_generation_prompt: true })).toBe(prompt)
  })

  // q4 first: the packed weights are those of the file, without loss
  test.each([
    ['q4', 'q4'],
    ['float32', 'fp32'],
  ] as const)('writes the recorded greedy texts from %s weights', async (dtype, name) => {
    const folder = await exported('smollm2-135m', { dtype, accuracy: 'exact' })
    const tokenizer = await AutoTokenizer.from_pretrained(folder)
    const model = await AutoModelForCausalLM.from_pretrained(folder, { dtype: name, device: 'cpu' })
    const { chats } = readFixtureJson<Recorded>('smollm2-135m', 'expected.json')
    for (const { prompt, promptIds, ids } of chats.slice(0, 6)) {
      const inputs = tokenizer(prompt, { add_special_tokens: false })
      const output = (await model.generate({ ...inputs, max_new_tokens: 48, do_sample: false })) as Tensor
      const written = [...(output.data as BigInt64Array)].map(Number).slice(promptIds.length)
      expect(written.slice(0, ids.length)).toEqual(ids)
      // what may follow is the end token alone
      expect(written.length - ids.length).toBeLessThanOrEqual(1)
    }
    await model.dispose()
  })
})

test('MiniLM in transformers.js: the recorded vectors', async () => {
  const folder = await exported('all-minilm-l6-v2')
  const extractor = await pipeline('feature-extraction', folder, { dtype: 'fp32', device: 'cpu' })
  const { texts } = readFixtureJson<{ texts: string[] }>('minilm', 'texts.json')
  const pooled = await extractor(texts, { pooling: 'mean', normalize: true })
  const expected = (await readFixtureTensors('minilm', 'expected.safetensors')).get('embeddings')!.data
  expect(largestDifference(pooled.data as Float32Array, expected.subarray(0, pooled.data.length))).toBeLessThan(1e-5)
  await extractor.dispose()
})

test('MiniLM in blocks of 8 bits, the form that browsers take first: near the recorded vectors', async () => {
  const folder = await exported('all-minilm-l6-v2', { dtype: 'q8' })
  const extractor = await pipeline('feature-extraction', folder, { dtype: 'q8', device: 'cpu' })
  const { texts } = readFixtureJson<{ texts: string[] }>('minilm', 'texts.json')
  const expected = (await readFixtureTensors('minilm', 'expected.safetensors')).get('embeddings')!.data
  for (const [index, text] of texts.entries()) {
    const vector = (await extractor(text, { pooling: 'mean', normalize: true })).data as Float32Array
    const wanted = expected.subarray(index * vector.length, (index + 1) * vector.length)
    expect(vector.reduce((sum, value, at) => sum + value * wanted[at]!, 0)).toBeGreaterThan(0.995)
  }
  await extractor.dispose()
})
