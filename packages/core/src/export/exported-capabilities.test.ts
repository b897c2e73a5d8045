/** @file Exported models, opened by transformers.js and taken as capabilities, against the same models run here. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, pipeline } from '@huggingface/transformers'
import {
  transformersJsEmbedder,
  transformersJsLanguageModel,
  transformersJsReranker,
  transformersJsTokenClassifier,
} from '@lc/model/transformers-js'
import { afterAll, expect, test } from 'vitest'
import { fixturePath, largestDifference, readFixtureJson } from '../../fixtures/read-fixture.ts'
import { loadEmbedder, loadReranker, loadTokenClassifier } from '../local/encoder/load-encoder.ts'
import { openModel } from '../model-files/open-model.ts'
import { folderOnDisk } from '../node-platform/folder-on-disk.ts'
import { nodePlatform } from '../node-platform/node-platform.ts'
import { exportModel } from './export-model.ts'

const root = await mkdtemp(join(tmpdir(), 'export-'))
afterAll(() => rm(root, { recursive: true, force: true }))
env.allowRemoteModels = false
env.localModelPath = root
const platform = nodePlatform({})
const settings = { dtype: 'fp32', device: 'cpu' } as const
const here = { platform, device: 'cpu', threads: 1 } as const
const texts = ['The harbour froze in January.', 'ice', 'def cooling_rate(readings): return None']

async function exported(folder: string): Promise<string> {
  const files = await openModel({ folder: fixturePath(folder) }, { platform })
  await exportModel(files, folderOnDisk(join(root, folder)))
  await files.close()
  return folder
}

test('an embedder gives the same vectors', async () => {
  const theirs = transformersJsEmbedder(await pipeline('feature-extraction', await exported('tiny-bert'), settings))
  const ours = await loadEmbedder({ folder: fixturePath('tiny-bert') }, here)
  const vectors = await ours.embed(texts)
  for (const [index, vector] of (await theirs.embed(texts)).entries())
    expect(largestDifference(vector, vectors[index]!)).toBeLessThan(1e-5)
  await ours.close()
})

test('a reranker gives the same scores', async () => {
  const loaded = await pipeline('text-classification', await exported('tiny-bert-pair'), settings)
  const ours = await loadReranker({ folder: fixturePath('tiny-bert-pair') }, here)
  const scores = await transformersJsReranker(loaded).rank('when does it freeze?', texts)
  expect(largestDifference(scores, await ours.rank('when does it freeze?', texts))).toBeLessThan(1e-4)
  await ours.close()
})

test('a token classifier gives the same logits for the same tokens', async () => {
  const loaded = await pipeline('token-classification', await exported('tiny-bert-tokens'), settings)
  const ours = await loadTokenClassifier({ folder: fixturePath('tiny-bert-tokens') }, here)
  const expected = await ours.classify(texts)
  for (const [index, { ids, spans, logits }] of (
    await transformersJsTokenClassifier(loaded).classify(texts)
  ).entries()) {
    expect(ids).toEqual(expected[index]!.ids)
    expect(spans).toEqual(expected[index]!.spans)
    expect(largestDifference(logits, expected[index]!.logits)).toBeLessThan(1e-4)
  }
  await ours.close()
})

interface Chat {
  readonly messages: { role: 'user'; content: string }[]
  readonly text: string
  readonly ids: number[]
}

test('a language model writes the recorded texts', async () => {
  const model = transformersJsLanguageModel(await pipeline('text-generation', await exported('tiny-llama'), settings))
  for (const { messages, text } of readFixtureJson<Chat[]>('tiny-llama', 'chats.json')) {
    const result = await model.generate({ messages, maxTokens: 24, temperature: 0 })
    expect(result.text).toBe(text)
  }
})
