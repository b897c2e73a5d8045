import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AutoModel,
  AutoModelForCausalLM,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  AutoTokenizer,
  env,
  pipeline,
  Tensor,
} from '@huggingface/transformers'
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference, readFixtureJson, readFixtureTensors } from '../../fixtures/read-fixture.ts'
import type { ModelFiles } from '../model-files/model-files.ts'
import { openModel } from '../model-files/open-model.ts'
import { fileBytes } from '../node-platform/file-bytes.ts'
import { folderOnDisk } from '../node-platform/folder-on-disk.ts'
import { nodeFilePlatform } from '../node-platform/node-file-platform.ts'
import { openSafetensors } from '../weights/safetensors/open-safetensors.ts'
import { type ExportModelOptions, exportModel } from './export-model.ts'

const root = await mkdtemp(join(tmpdir(), 'export-'))
afterAll(() => rm(root, { recursive: true, force: true }))
env.allowRemoteModels = false
env.localModelPath = root
const settings = { dtype: 'fp32', device: 'cpu' } as const

function open(folder: string): Promise<ModelFiles> {
  return openModel({ folder: fixturePath(folder) }, { platform: nodeFilePlatform({}) })
}

/** The files of a recorded model; those without a tokenizer of their own get that of tiny-llama. */
async function openRecorded(folder: string): Promise<ModelFiles> {
  if (existsSync(fixturePath(folder, 'tokenizer.json'))) return open(folder)
  const llama = await open('tiny-llama')
  const weights = await openSafetensors(await fileBytes(fixturePath(folder, 'model.safetensors')))
  const close = async (): Promise<void> => {
    await weights.close()
    await llama.close()
  }
  return { ...llama, name: folder, config: readFixtureJson(folder, 'config.json'), weights, close }
}

async function exported(folder: string, options: ExportModelOptions = {}): Promise<string> {
  const files = await openRecorded(folder)
  await exportModel(files, folderOnDisk(join(root, folder)), options)
  await files.close()
  return folder
}

function int64(rows: readonly (readonly number[])[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]!.length])
}

const decoders = ['tiny-llama', 'tiny-mistral', 'tiny-qwen2', 'tiny-qwen3', 'tiny-smollm3', 'tiny-gemma3', 'tiny-phi3']

describe.each(decoders)('%s in transformers.js', (folder) => {
  test('gives the recorded logits, whole and with a cache', async () => {
    const model = await AutoModelForCausalLM.from_pretrained(await exported(folder), settings)
    const expected = await readFixtureTensors(folder, 'expected.safetensors')
    const ids = [...expected.get('input_ids')!.data]
    const whole = await model({ input_ids: int64([ids]), attention_mask: int64([ids.map(() => 1)]) })
    expect(largestDifference(whole.logits.data, expected.get('logits')!.data)).toBeLessThan(1e-4)

    const vocabulary = whole.logits.dims[2]
    const first = await model({ input_ids: int64([ids.slice(0, 12)]), attention_mask: int64([Array(12).fill(1)]) })
    const past = Object.fromEntries(
      Object.entries(first as Record<string, Tensor>)
        .filter(([name]) => name.startsWith('present'))
        .map(([name, tensor]) => [name.replace('present', 'past_key_values'), tensor]),
    )
    const rest = await model({
      input_ids: int64([ids.slice(12)]),
      attention_mask: int64([ids.map(() => 1)]),
      past_key_values: past,
    })
    expect(largestDifference(rest.logits.data, expected.get('logits')!.data.subarray(12 * vocabulary))).toBeLessThan(
      1e-4,
    )
    await model.dispose()
  })

  test('gives a row that is padded on the left what it gives alone', async () => {
    const model = await AutoModelForCausalLM.from_pretrained(await exported(folder), settings)
    const expected = await readFixtureTensors(folder, 'expected.safetensors')
    const ids = [...expected.get('input_ids')!.data]
    const mask = [Array(20).fill(1), [...Array(11).fill(0), ...Array(9).fill(1)]]
    const batch = await model({
      input_ids: int64([ids.slice(0, 20), [...Array(11).fill(0), ...ids.slice(0, 9)]]),
      attention_mask: int64(mask),
    })
    const vocabulary = batch.logits.dims[2]
    const logits = expected.get('logits')!.data
    const row = (from: number, to: number) => batch.logits.data.subarray(from * vocabulary, to * vocabulary)
    expect(largestDifference(row(0, 20), logits.subarray(0, 20 * vocabulary))).toBeLessThan(1e-4)
    expect(largestDifference(row(31, 40), logits.subarray(0, 9 * vocabulary))).toBeLessThan(1e-4)
    await model.dispose()
  })
})

interface Chats {
  readonly messages: { role: string; content: string }[]
  readonly prompt: string
  readonly promptIds: number[]
  readonly ids: number[]
  readonly text: string
}

describe('tiny-llama as text', () => {
  test('the exported tokenizer and chat template give the recorded ids', async () => {
    const tokenizer = await AutoTokenizer.from_pretrained(await exported('tiny-llama'))
    for (const { messages, prompt, promptIds } of readFixtureJson<Chats[]>('tiny-llama', 'chats.json')) {
      const options = { tokenize: false, add_generation_prompt: true }
      expect(tokenizer.apply_chat_template(messages, options)).toBe(prompt)
      expect(tokenizer.encode(prompt, { add_special_tokens: false })).toEqual(promptIds)
    }
  })

  test.each(['float32', 'q8'] as const)('greedy text from %s weights', async (dtype) => {
    const folder = await exported('tiny-llama', { dtype, accuracy: 'exact' })
    const name = { float32: 'fp32', q8: 'q8' } as const
    const model = await AutoModelForCausalLM.from_pretrained(folder, { ...settings, dtype: name[dtype] })
    const tokenizer = await AutoTokenizer.from_pretrained(folder)
    let same = 0
    const chats = readFixtureJson<Chats[]>('tiny-llama', 'chats.json')
    for (const { prompt, promptIds, ids } of chats) {
      const inputs = tokenizer(prompt, { add_special_tokens: false })
      const output = (await model.generate({ ...inputs, max_new_tokens: 24, do_sample: false })) as Tensor
      const written = [...(output.data as BigInt64Array)].map(Number).slice(promptIds.length)
      if (dtype === 'float32') expect(written).toEqual(ids)
      same += written.filter((id, index) => id === ids[index]).length
    }
    // 8-bit blocks round the weights: most tokens stay
    expect(same).toBeGreaterThan(chats.length * 12)
    await model.dispose()
  })

  test('several kinds of weights share a folder', async () => {
    const folder = await exported('tiny-llama', { dtype: 'q8' })
    await exported('tiny-llama')
    const config = JSON.parse(await readFile(join(root, folder, 'config.json'), 'utf8'))
    expect(config['transformers.js_config']).toEqual({
      use_external_data_format: { 'model.onnx': 1, 'model_quantized.onnx': 1 },
    })
  })
})

interface Recorded {
  readonly texts: string[]
  readonly ids: number[][]
  readonly pairs: { first: string; second: string; logits: number[] }[]
}

describe('encoders in transformers.js', () => {
  test('tiny-bert: embeddings of the pipeline', async () => {
    const extractor = await pipeline('feature-extraction', await exported('tiny-bert'), settings)
    const { texts } = readFixtureJson<Recorded>('tiny-bert', 'texts.json')
    const pooled = await extractor(texts, { pooling: 'mean' })
    const expected = (await readFixtureTensors('tiny-bert', 'expected.safetensors')).get('pooled.mean')!
    expect(largestDifference(pooled.data as Float32Array, expected.data)).toBeLessThan(1e-5)
    await extractor.dispose()
  })

  test.each(['tiny-bert-pair', 'tiny-xlm-roberta', 'tiny-modernbert'])('%s: scores of pairs', async (folder) => {
    const model = await AutoModelForSequenceClassification.from_pretrained(await exported(folder), settings)
    const tokenizer = await AutoTokenizer.from_pretrained(folder)
    const { pairs } = readFixtureJson<Recorded>(folder, 'texts.json')
    const inputs = tokenizer(
      pairs.map((pair) => pair.first),
      { text_pair: pairs.map((pair) => pair.second), padding: true },
    )
    const { logits } = await model(inputs)
    const expected = pairs.flatMap((pair) => pair.logits)
    expect(largestDifference(logits.data, expected)).toBeLessThan(1e-4)
    await model.dispose()
  })

  test.each(['tiny-bert-tokens', 'tiny-roberta', 'tiny-modernbert-tokens'])('%s: logits of tokens', async (folder) => {
    const model = await AutoModelForTokenClassification.from_pretrained(await exported(folder), settings)
    const expected = await readFixtureTensors(folder, 'expected.safetensors')
    const ids = [...expected.get('input_ids')!.data]
    const tokenizer = await AutoTokenizer.from_pretrained(folder)
    expect(tokenizer.encode(readFixtureJson<Recorded>(folder, 'texts.json').texts[1]!)).toEqual(ids)
    const { logits } = await model({ input_ids: int64([ids]), attention_mask: int64([ids.map(() => 1)]) })
    expect(largestDifference(logits.data, expected.get('logits')!.data)).toBeLessThan(1e-4)
    await model.dispose()
  })

  test('tiny-modernbert: a padded batch gives the recorded states', async () => {
    const folder = await exported('tiny-modernbert')
    const expected = await readFixtureTensors(folder, 'expected.safetensors')
    const { shape, data } = expected.get('batch.input_ids')!
    const [rows, tokens] = shape as [number, number]
    const slices = (values: Float32Array) =>
      Array.from({ length: rows }, (_, row) => [...values.subarray(row * tokens, (row + 1) * tokens)])
    const model = await AutoModelForSequenceClassification.from_pretrained(folder, settings)
    const mask = slices(expected.get('batch.attention_mask')!.data)
    const { logits } = await model({ input_ids: int64(slices(data)), attention_mask: int64(mask) })
    expect(largestDifference(logits.data, expected.get('batch.logits')!.data)).toBeLessThan(1e-4)
    await model.dispose()
  })

  test.each(['tiny-bert', 'tiny-modernbert'])(
    '%s in blocks of 8 bits: the directions of the states stay',
    async (folder) => {
      const model = await AutoModel.from_pretrained(await exported(folder, { dtype: 'q8', accuracy: 'exact' }), {
        ...settings,
        dtype: 'q8',
      })
      const expected = await readFixtureTensors(folder, 'expected.safetensors')
      const ids = [...expected.get('input_ids')!.data]
      const inputs = { input_ids: int64([ids]), attention_mask: int64([ids.map(() => 1)]) }
      const result = await model({ ...inputs, token_type_ids: int64([ids.map(() => 0)]) })
      const actual = (result.last_hidden_state ?? result.logits).data as Float32Array
      const wanted = expected.get(result.last_hidden_state ? 'last_hidden_state' : 'logits')!.data
      const dot = wanted.reduce((sum, value, at) => sum + value * actual[at]!, 0)
      expect(dot / (Math.hypot(...wanted) * Math.hypot(...actual))).toBeGreaterThan(0.999)
      await model.dispose()
    },
  )

  test('the body alone is a model too', async () => {
    const model = await AutoModel.from_pretrained(await exported('tiny-bert'), settings)
    const expected = await readFixtureTensors('tiny-bert', 'expected.safetensors')
    const ids = [...expected.get('input_ids')!.data]
    const { last_hidden_state: states } = await model({
      input_ids: int64([ids]),
      attention_mask: int64([ids.map(() => 1)]),
      token_type_ids: int64([ids.map(() => 0)]),
    })
    expect(largestDifference(states.data, expected.get('last_hidden_state')!.data)).toBeLessThan(1e-4)
    await model.dispose()
  })
})

describe('what cannot be exported', () => {
  test('4 bits of an encoder, and of a float model, are refused with the ways out', async () => {
    await expect(exported('tiny-bert', { dtype: 'q4' })).rejects.toMatchObject({ code: 'unsupported-model' })
    await expect(exported('tiny-llama', { dtype: 'q4' })).rejects.toMatchObject({ code: 'unsupported-capability' })
  })

  test('an abort leaves no half-written model', async () => {
    const reason = { why: 'enough' }
    const files = await open('tiny-llama')
    const folder = folderOnDisk(join(root, 'aborted'))
    const controller = new AbortController()
    const run = exportModel(files, folder, { signal: controller.signal, onProgress: () => controller.abort(reason) })
    await expect(run).rejects.toBe(reason)
    expect(await folder.readText('onnx/model.onnx_data')).toBeUndefined()
    expect(await folder.readText('config.json')).toBeUndefined()
    await files.close()
  })

  test('a configuration that does not parse is replaced', async () => {
    await exported('tiny-bert')
    await writeFile(join(root, 'tiny-bert', 'config.json'), '{')
    await exported('tiny-bert')
    expect(JSON.parse(await readFile(join(root, 'tiny-bert', 'config.json'), 'utf8')).model_type).toBe('bert')
  })
})
