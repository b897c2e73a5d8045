/** @file Patterns of prompts, against attention with masks made the slow way. */
import { readFileSync } from 'node:fs'
import { type AttentionPattern, type LocalModel, loadModel, sinkWindowAttention } from '@lc/core'
import { nodeDevice, nodePlatform } from '@lc/core/node'
import { largestDifference } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { numbers, type OneLayer, runOneChunk, tokensFirst } from '../testing-kit/one-layer.ts'
import { aShape } from './a-shape.ts'
import { blockSparse } from './block-sparse.ts'
import { verticalColumns } from './vertical-columns.ts'

const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const platform = await nodePlatform({ convertedWeights: 'none' })
const models: LocalModel[] = []
afterAll(async () => {
  for (const model of models) await model.close()
})

async function open(attention?: AttentionPattern): Promise<LocalModel> {
  const options = { platform, device: 'cpu', threads: 1, contextLength: 2048 } as const
  const model = await loadModel(folder, { ...options, ...(attention && { attention }) })
  models.push(model)
  return model
}

const prompt = Array.from({ length: 1400 }, (_, index) => ((index * index * 37) % 300) + 3)

/** Hidden states of the last layer at the end of a prompt of three chunks. */
async function read(attention?: AttentionPattern): Promise<Float32Array> {
  const model = await open(attention)
  await using session = model.session({ accuracy: 'exact' })
  return await session.prefill(prompt)
}

const full = await read()

describe.each([
  ['a-shape', aShape({ budget: 2000 }), aShape({ budget: 120 })],
  ['vertical-slash', verticalColumns({ budget: 2000 }), verticalColumns({ budget: 140 })],
  ['block-sparse', blockSparse({ budget: 1400 }), blockSparse({ budget: 128 })],
  [
    'block-sparse in small blocks',
    blockSparse({ budget: 1400, blockSize: 16 }),
    blockSparse({ budget: 256, blockSize: 16 }),
  ],
])('%s', (_, everything, few) => {
  test('with everything seen it is full attention, up to rounding', async () => {
    expect(largestDifference(await read(everything), full)).toBeLessThan(1e-4)
  })

  test('with a part seen it is another, the same each time', async () => {
    const once = await read(few)
    expect(largestDifference(await read(few), once)).toBe(0)
    expect(largestDifference(once, full)).toBeGreaterThan(1e-3)
    expect(once.every(Number.isFinite)).toBe(true)
  })
})

test('a-shape is what a mask of first and last tokens gives', async () => {
  const ids = prompt.slice(0, 1200)
  const hidden = async (attention: AttentionPattern) =>
    (await (await open(attention)).hidden({ input: ids, layers: [2] })).data
  const [own, masked] = [
    await hidden(aShape({ budget: 300, sink: 7 })),
    await hidden(sinkWindowAttention({ sink: 7, window: 293 })),
  ]
  expect(largestDifference(own, masked)).toBeLessThan(1e-4)
})

const expected = JSON.parse(readFileSync(new URL('../../fixtures/patterns/expected.json', import.meta.url), 'utf8'))
const device = await nodeDevice({ kind: 'cpu', threads: 1 })
afterAll(() => device.close())

describe.each([
  ['vertical-slash', verticalColumns, expected.verticalSlash],
  ['block-sparse', blockSparse, expected.blockSparse],
])('%s', (_, make, { slots, output, ...options }) => {
  test('reads the slots of the PyTorch statement, with its output', async () => {
    const layer: OneLayer = { ...expected.sizes, ...expected.chunk }
    const outputs = await runOneChunk(device, make(options), layer)
    const chosen = numbers(outputs['slots.0'])
    const count = slots[0].length
    for (const [head, own] of slots.entries())
      expect(chosen.slice(head * count, (head + 1) * count).sort((left, right) => left - right)).toEqual(own)
    const { kvHeads, group, headDim } = layer
    const tokens = layer.key.length / (kvHeads * headDim)
    const rows = tokensFirst(output, { heads: kvHeads * group, tokens, headDim })
    expect(largestDifference(numbers(outputs.attended), rows)).toBeLessThan(1e-5)
  })
})

test.each([
  ['budget', () => aShape({ budget: 0 })],
  ['sink', () => aShape({ budget: 200, sink: -1 })],
  ['window', () => verticalColumns({ budget: 200, window: 1.5 })],
  ['budget', () => verticalColumns({ budget: '20%' as never })],
  ['blockSize', () => blockSparse({ budget: 200, blockSize: 0 })],
])('a wrong %s is named', (argument, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'invalid-argument', argument }))
})

test.each([() => aShape({ budget: 100 }), () => verticalColumns({ budget: 130 }), () => blockSparse({ budget: 63 })])(
  'a budget that what is always seen fills is refused',
  (make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'budget-too-small' }))
  },
)
