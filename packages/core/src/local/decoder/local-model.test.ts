import { attenderSuite, languageModelSuite, scorerSuite } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath } from '../../../fixtures/read-fixture.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import { type LoadModelOptions, loadModel } from '../load-model.ts'
import type { LocalModel } from './local-model-interface.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const opened: LocalModel[] = []
afterAll(async () => {
  for (const model of opened) await model.close()
  await device.close()
})

async function open(options: LoadModelOptions = {}): Promise<LocalModel> {
  const model = await loadModel({ folder: fixturePath('tiny-llama') }, { platform, device, ...options })
  opened.push(model)
  return model
}

const suite = { describe, test, expect }

languageModelSuite({ ...suite, name: 'a tiny Llama as a language model', create: () => open() })
scorerSuite({ ...suite, name: 'a tiny Llama as a scorer', create: () => open(), tolerance: 1e-4 })
attenderSuite({
  ...suite,
  name: 'a tiny Llama as an attender',
  create: () => open(),
  input: [5, 9, 33, 71, 12, 101, 200, 45, 17, 88],
  tolerance: 1e-5,
})
