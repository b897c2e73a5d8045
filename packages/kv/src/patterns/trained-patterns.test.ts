/** @file Trained sparse patterns against the PyTorch statements of their formulas, and what chunks and steps of them must share. */
import { readFileSync } from 'node:fs'
import { type AttentionPattern, fullAttention } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import { nodeDevice } from '@lc/core/node'
import { memoryBytes, openSafetensors } from '@lc/core/weights'
import { largestDifference } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { numbers, type OneSequence, runTokens } from '../testing-kit/one-layer.ts'
import { readBranchGates } from './branch-gates.ts'
import { dma, readKeyBiasWeights } from './dma.ts'
import { moba } from './moba.ts'
import { nsa } from './nsa.ts'
import { ssa } from './ssa.ts'

const expected = JSON.parse(readFileSync(new URL('../../fixtures/patterns/trained.json', import.meta.url), 'utf8'))
const text: OneSequence = { ...expected.sizes, ...expected.sequence }
const width = text.kvHeads * text.group * text.headDim
const gates = [Float32Array.from(expected.gates as number[])]
const weights = [
  {
    weight: Float32Array.from(expected.keyBias.weight as number[]),
    bias: Float32Array.from(expected.keyBias.bias as number[]),
    scale: Float32Array.from(expected.keyBias.scale as number[]),
  },
]
const device = await nodeDevice({ kind: 'cpu', threads: 1 })
afterAll(() => device.close())

const patterns: readonly (readonly [name: string, make: () => AttentionPattern, expected: { output: number[] }])[] = [
  ['moba', () => moba(expected.moba), expected.moba],
  ['dma', () => dma({ ...expected.dma, weights }), expected.dma],
  ['ssa', () => ssa({ ...expected.ssa, gates }), expected.ssa],
  ['nsa', () => nsa({ ...expected.nsa, gates }), expected.nsa],
]

/** The rows of all tokens, read in runs that end at these places. */
async function read(pattern: AttentionPattern, ends: readonly number[]): Promise<number[]> {
  const [rows, cache] = [[] as number[], {}]
  for (const [index, end] of ends.entries()) {
    const cached = ends[index - 1] ?? 0
    rows.push(...numbers((await runTokens(device, pattern, text, { cached, end, cache })).attended))
  }
  return rows
}

const everyToken = Array.from({ length: text.tokens }, (_, token) => token + 1)

describe.each(patterns)('%s', (name, make, { output }) => {
  test('a prompt in one piece is what the PyTorch statement gives', async () => {
    expect(largestDifference(await read(make(), [text.tokens]), output)).toBeLessThan(1e-5)
  })

  test.each([
    ['chunks of unequal size', [13, 29, 50]],
    ['chunks that end with blocks', [8, 16, 32, 50]],
    ['a chunk and steps', [30, ...everyToken.slice(30)]],
    ['steps from the first token', everyToken],
  ])('%s give the same', async (_, ends) => {
    expect(largestDifference(await read(make(), ends), output)).toBeLessThan(1e-5)
  })

  test('the last token chooses what the statement does, in a chunk and in a step', async () => {
    const wanted: number[][] = name === 'dma' ? expected.dma.slots : expected[name].blocks
    const chosen = name === 'dma' ? 'slots.0' : 'blocks.0'
    const step = numbers((await runTokens(device, make(), text, { cached: 49, end: 50 }))[chosen])
    const count = wanted[0]!.length
    for (const [head, own] of wanted.entries()) {
      // the new token's place is behind the room of the cache
      const places = step.slice(head * count, (head + 1) * count).map((place) => (place === 64 ? 49 : place))
      expect(places.sort((left, right) => left - right)).toEqual(own)
    }
  })
})

test('a token whose own key has a small bias is left out in the statement of dma', () => {
  expect(expected.dma.ownLeftOut).toBeGreaterThan(10)
})

test.each(patterns)(
  '%s: a full cache whose last block is complete has an own block without slots',
  async (_, make, { output }) => {
    for (const end of [49, 50]) {
      const { attended } = await runTokens(device, make(), text, { cached: 48, end, capacity: 48 })
      expect(largestDifference(numbers(attended), output.slice(48 * width, end * width))).toBeLessThan(1e-5)
    }
  },
)

describe('with everything chosen', () => {
  const open = [{ ...weights[0]!, scale: new Float32Array(text.kvHeads) }]
  const halves = [new Float32Array(gates[0]!.length)]

  test.each([[[50]], [[30, 50]], [everyToken]])(
    'moba, dma without biases, and ssa at half gates are full attention',
    async (ends) => {
      const full = await read(fullAttention, ends)
      expect(largestDifference(await read(moba({ budget: 64, blockSize: 8 }), ends), full)).toBeLessThan(1e-5)
      expect(largestDifference(await read(dma({ budget: 50, weights: open }), ends), full)).toBeLessThan(1e-5)
      const gated = await read(ssa({ budget: 52, blockSize: 4, gates: halves }), ends)
      expect(
        largestDifference(
          gated.map((value) => 2 * value),
          full,
        ),
      ).toBeLessThan(1e-5)
    },
  )
})

describe('weights from a checkpoint', () => {
  const prefix = (layer: number) => `model.layers.${layer}.self_attn`
  const tensors: Record<string, Float32Array> = {}
  for (const layer of [0, 1]) {
    tensors[`${prefix(layer)}.g_proj.weight`] = Float32Array.of(layer, 1, 2)
    tensors[`${prefix(layer)}.dt_proj.weight`] = Float32Array.of(layer, 3)
    tensors[`${prefix(layer)}.A`] = Float32Array.of(layer, 4)
  }
  tensors[`${prefix(1)}.dt_proj.bias`] = Float32Array.of(5)
  const file = () => openSafetensors(memoryBytes(safetensors(tensors)))

  test('are read by layer, with a bias where there is one', async () => {
    expect(await readBranchGates(await file())).toEqual([Float32Array.of(0, 1, 2), Float32Array.of(1, 1, 2)])
    expect(await readKeyBiasWeights(await file())).toEqual([
      { weight: Float32Array.of(0, 3), scale: Float32Array.of(0, 4) },
      { weight: Float32Array.of(1, 3), scale: Float32Array.of(1, 4), bias: Float32Array.of(5) },
    ])
  })

  test('are missed by name', async () => {
    const other = await openSafetensors(memoryBytes(safetensors({ other: Float32Array.of(1) })))
    await expect(readBranchGates(other)).rejects.toThrow(/layers\.0\.self_attn\.g_proj\.weight/)
    await expect(readKeyBiasWeights(other)).rejects.toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

test.each([
  ['budget', () => moba({ budget: 0 })],
  ['budget', () => moba({ budget: '25%' as never })],
  ['blockSize', () => moba({ budget: 512, blockSize: 0 })],
  ['blockSize', () => moba({ budget: 512, blockSize: 24 })],
  ['fullLayers', () => moba({ budget: 512, fullLayers: [-1] })],
  ['budget', () => dma({ budget: 1.5, weights })],
  ['weights', () => dma({ budget: 16, weights: [] })],
  ['weights', () => dma({ budget: 16, weights: [{ weight: weights[0]!.weight } as never] })],
  ['weights', () => dma({ budget: 16 } as never)],
  ['budget', () => ssa({ budget: -1, gates })],
  ['blockSize', () => ssa({ budget: 64, blockSize: 3, gates })],
  ['gates', () => ssa({ budget: 64, gates: [] })],
  ['gates', () => ssa({ budget: 64, gates: [[1]] as never })],
  ['gates', () => nsa({ budget: 64 } as never)],
  ['window', () => nsa({ budget: 64, gates, window: 1 })],
])('a wrong %s is named', (argument, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'invalid-argument', argument }))
})

test.each([() => moba({ budget: 511 }), () => ssa({ budget: 15, gates }), () => nsa({ budget: 63, gates })])(
  'a budget below one block is refused',
  (make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'budget-too-small' }))
  },
)

test.each([
  ['gates of another size', () => nsa({ budget: 64, gates: [gates[0]!.subarray(1)] })],
  ['gates for more layers', () => ssa({ budget: 64, gates: [...gates, ...gates] })],
  ['biases of another size', () => dma({ budget: 64, weights: [{ ...weights[0]!, bias: new Float32Array(7) }] })],
  ['biases for more layers', () => dma({ budget: 64, weights: [...weights, ...weights] })],
])('%s are refused at the first run', async (_, make) => {
  await expect((async () => await read(make(), [4]))()).rejects.toThrow(PolicyPlanError)
})

/** A file of flat float32 tensors. */
function safetensors(tensors: Readonly<Record<string, Float32Array>>): Uint8Array {
  let at = 0
  const entries = Object.entries(tensors).map(([name, { length }]) => {
    const from = at
    at += 4 * length
    return [name, { dtype: 'F32', shape: [length], data_offsets: [from, at] }] as const
  })
  const json = JSON.stringify(Object.fromEntries(entries))
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([size, header, ...Object.values(tensors).map(({ buffer }) => Buffer.from(buffer))])
}
