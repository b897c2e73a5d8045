import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference, readFixtureJson, readFixtureTensors } from '../../../fixtures/read-fixture.ts'
import { evaluateGraph } from '../../graph/reference/evaluate.ts'
import { fileBytes } from '../../node-platform/file-bytes.ts'
import { nodeDevice } from '../../node-platform/node-device.ts'
import { openSafetensors } from '../../weights/safetensors/open-safetensors.ts'
import type { EncoderConfig } from './encoder-config.ts'
import { encoderFeeds } from './encoder-feeds.ts'
import { buildEncoderGraph, type EncoderGraphOptions } from './encoder-graph.ts'
import { bindEncoderWeights } from './encoder-weights.ts'
import { readEncoderConfig } from './read-encoder-config.ts'

const folders = [
  'tiny-bert',
  'tiny-bert-tokens',
  'tiny-bert-pair',
  'tiny-roberta',
  'tiny-xlm-roberta',
  'tiny-modernbert',
  'tiny-modernbert-tokens',
]
const device = await nodeDevice({ kind: 'cpu', threads: 1 })
const open: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const source of open) await source.close()
  await device.close()
})

interface Recorded {
  readonly ids: number[][]
  readonly pairs?: { ids: number[]; types: number[]; logits: number[] }[]
}

async function compile(folder: string, options: Omit<EncoderGraphOptions, 'weights'> = {}) {
  const config = readEncoderConfig(readFixtureJson(folder, 'config.json'))
  const source = await openSafetensors(await fileBytes(fixturePath(folder, 'model.safetensors')))
  open.push(source)
  const graph = buildEncoderGraph(config, { weights: source, ...options })
  const weights = await bindEncoderWeights(graph, source)
  const program = await device.compile(graph, { weights })
  return { config, source, graph, weights, program, expected: await readFixtureTensors(folder, 'expected.safetensors') }
}

function close(actual: ArrayLike<number>, expected: { data: Float32Array }, tolerance: number): void {
  expect(largestDifference(actual, expected.data)).toBeLessThan(tolerance)
}

/** Rows of the real tokens out of padded [B, T, size]. */
function realRows(data: Float32Array, lengths: readonly number[], size: number): Float32Array {
  const tokens = data.length / size / lengths.length
  const rows = lengths.map((length, text) => data.subarray(text * tokens * size, (text * tokens + length) * size))
  return Float32Array.from(rows.flatMap((part) => [...part]))
}

describe.each(folders)('%s', (folder) => {
  test('one text: hidden states, attention and logits are those of transformers', async () => {
    const { config, program, expected } = await compile(folder, { inspect: true })
    const row = { ids: expected.get('input_ids')!.data, types: expected.get('token_type_ids')!.data }
    const results = await program.run(encoderFeeds(config, [row]), program.outputs)
    close(results.states!.data as Float32Array, expected.get('last_hidden_state')!, 1e-4)
    // ModernBERT's last recorded state is the one after the final norm
    const compared = config.kind === 'bert' ? config.layerCount + 1 : config.layerCount
    for (let index = 0; index < compared; index += 1)
      close(results[`hidden.${index}`]!.data as Float32Array, expected.get(`hidden_states.${index}`)!, 1e-4)
    for (let index = 0; index < config.layerCount; index += 1)
      close(results[`attention.${index}`]!.data as Float32Array, expected.get(`attentions.${index}`)!, 1e-5)
    const logits = expected.get('logits')
    if (logits) close(results.logits!.data as Float32Array, logits, 1e-4)
    await program.close()
  })

  test('one text without a mask gives the same', async () => {
    const { config, program, expected } = await compile(folder, { padding: 'none' })
    const row = { ids: expected.get('input_ids')!.data, types: expected.get('token_type_ids')!.data }
    const results = await program.run(encoderFeeds(config, [row, row], 'none'), program.outputs)
    const { data } = expected.get('last_hidden_state')!
    expect(largestDifference(results.states!.data as Float32Array, Float32Array.of(...data, ...data))).toBeLessThan(
      1e-4,
    )
    const logits = expected.get('logits')?.data
    if (logits)
      expect(
        largestDifference(results.logits!.data as Float32Array, Float32Array.of(...logits, ...logits)),
      ).toBeLessThan(1e-4)
    await program.close()
  })

  test('a padded batch gives what transformers gives, and each row what it gives alone', async () => {
    const { config, program, expected } = await compile(folder)
    const rows = readFixtureJson<Recorded>(folder, 'texts.json').ids.map((ids) => ({ ids }))
    const lengths = rows.map((row) => row.ids.length)
    const batch = await program.run(encoderFeeds(config, rows), program.outputs)
    const states = realRows(batch.states!.data as Float32Array, lengths, config.hiddenSize)
    close(states, expected.get('batch.last_hidden_state')!, 1e-4)
    if (config.head === 'sequence') close(batch.logits!.data as Float32Array, expected.get('batch.logits')!, 1e-4)
    if (config.head === 'tokens')
      close(
        realRows(batch.logits!.data as Float32Array, lengths, config.labels.length),
        expected.get('batch.logits')!,
        1e-4,
      )
    let start = 0
    for (const row of rows) {
      const alone = await program.run(encoderFeeds(config, [row]), ['states'])
      const end = start + row.ids.length * config.hiddenSize
      expect(largestDifference(states.subarray(start, end), alone.states!.data as Float32Array)).toBeLessThan(1e-5)
      start = end
    }
    await program.close()
  })
})

test.each(['tiny-bert-pair', 'tiny-xlm-roberta', 'tiny-modernbert'])('%s: pairs with token types', async (folder) => {
  const { config, program } = await compile(folder)
  const pairs = readFixtureJson<Recorded>(folder, 'texts.json').pairs!
  const { logits } = await program.run(encoderFeeds(config, pairs), ['logits'])
  expect(
    largestDifference(
      logits!.data as Float32Array,
      pairs.flatMap((pair) => pair.logits),
    ),
  ).toBeLessThan(1e-4)
  await program.close()
})

test.each(['mean', 'cls', 'last', 'max'] as const)('pooling %s over a padded batch', async (pooling) => {
  const { config, program, expected } = await compile('tiny-bert', { pooling })
  const rows = readFixtureJson<Recorded>('tiny-bert', 'texts.json').ids.map((ids) => ({ ids }))
  const { pooled } = await program.run(encoderFeeds(config, rows), ['pooled'])
  close(pooled!.data as Float32Array, expected.get(`pooled.${pooling}`)!, 1e-5)
  await program.close()
})

test.each(['mean', 'cls', 'last', 'max', 'mean-sqrt-length'] as const)('pooling %s without a mask', async (pooling) => {
  const rows = readFixtureJson<Recorded>('tiny-bert', 'texts.json').ids.map((ids) => ({ ids }))
  const [masked, even] = [
    await compile('tiny-bert', { pooling }),
    await compile('tiny-bert', { pooling, padding: 'none' }),
  ]
  for (const row of rows) {
    const one = await masked.program.run(encoderFeeds(masked.config, [row]), ['pooled'])
    const other = await even.program.run(encoderFeeds(even.config, [row], 'none'), ['pooled'])
    expect(largestDifference(one.pooled!.data as Float32Array, other.pooled!.data as Float32Array)).toBeLessThan(1e-5)
  }
  expect(() => encoderFeeds(even.config, rows, 'none')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  for (const { program } of [masked, even]) await program.close()
})

test('the graph means the same to the exact interpreter', async () => {
  const { config, graph, source, expected, program } = await compile('tiny-modernbert')
  const feeds: Record<string, unknown> = encoderFeeds(config as EncoderConfig, [
    { ids: expected.get('input_ids')!.data },
  ])
  for (const [name, value] of graph.weights)
    feeds[name] = { dtype: 'float32', shape: value.shape, data: await source.float32(name) }
  const exact = evaluateGraph(graph, feeds as never)
  close(exact.logits!.data, expected.get('logits')!, 1e-4)
  await program.close()
})
