import { afterAll, expect, test } from 'vitest'
import { largestDifference } from '../../../fixtures/read-fixture.ts'
import { Graph } from '../../graph/graph.ts'
import { nodeDevice } from '../../node-platform/node-device.ts'
import type { HostTensor } from '../../runtime/tensor.ts'
import { localAttention, localBlockSize, localBlockTensors } from './local-attention.ts'

const device = await nodeDevice({ kind: 'cpu', threads: 1 })
afterAll(() => device.close())
const sizes = { headCount: 2, headDim: 8 }
const width = sizes.headCount * sizes.headDim

/** Softmax attention of one head, query by query. */
function slowAttention(
  rows: Record<'query' | 'key' | 'value', Float32Array>,
  tokens: number,
  reach: number,
): Float64Array {
  const output = new Float64Array(tokens * width)
  for (let head = 0; head < sizes.headCount; head += 1)
    for (let query = 0; query < tokens; query += 1) {
      const near = Array.from({ length: tokens }, (_, key) => key).filter((key) => Math.abs(key - query) <= reach)
      const at = (token: number, channel: number) => token * width + head * sizes.headDim + channel
      const scores = near.map((key) => {
        let dot = 0
        for (let c = 0; c < sizes.headDim; c += 1) dot += rows.query[at(query, c)]! * rows.key[at(key, c)]!
        return Math.exp(dot / Math.sqrt(sizes.headDim))
      })
      const total = scores.reduce((sum, score) => sum + score, 0)
      for (const [index, key] of near.entries())
        for (let c = 0; c < sizes.headDim; c += 1)
          output[at(query, c)]! += (scores[index]! / total) * rows.value[at(key, c)]!
    }
  return output
}

async function compile(reach: number) {
  const graph = new Graph('local')
  const [query, key, value] = ['query', 'key', 'value'].map((name) => graph.input(name, 'float32', ['B', 'T', width]))
  const size = localBlockSize(reach)
  const blocks = {
    queries: graph.input('queries', 'int32', ['N', size]),
    keys: graph.input('keys', 'int32', ['N', 3 * size]),
    bias: graph.input('bias', 'float32', ['N', size, 3 * size]),
  }
  const rows = { query: query!, key: key!, value: value! }
  graph.output('y', localAttention(rows, sizes, blocks, graph.input('positions', 'int32', ['T'])))
  return device.compile(graph)
}

test.each([
  [4, [1, 7, 31, 32, 33, 100]],
  [40, [1, 39, 41, 80, 200]],
])('reach %i gives what plain attention gives, at any length', async (reach, lengths) => {
  const program = await compile(reach)
  let seed = 1
  const next = (): number => {
    seed = (seed * 48271) % 2147483647
    return seed / 2147483647 - 0.5
  }
  for (const tokens of lengths) {
    const array = (): Float32Array => Float32Array.from({ length: tokens * width }, () => 4 * next())
    const rows = { query: array(), key: array(), value: array() }
    const tensors = Object.entries(rows).map(([name, data]): [string, HostTensor] => [
      name,
      { dtype: 'float32', shape: [1, tokens, width], data },
    ])
    const positions = {
      dtype: 'int32',
      shape: [tokens],
      data: Int32Array.from({ length: tokens }, (_, at) => at),
    } as const
    const feeds = { ...Object.fromEntries(tensors), ...localBlockTensors(tokens, reach), positions }
    const { y } = await program.run(feeds, ['y'])
    expect(largestDifference(y!.data as Float32Array, slowAttention(rows, tokens, reach))).toBeLessThan(1e-5)
  }
  await program.close()
})
