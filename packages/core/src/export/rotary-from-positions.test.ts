import { afterAll, expect, test } from 'vitest'
import { largestDifference, readFixtureJson } from '../../fixtures/read-fixture.ts'
import { Graph } from '../graph/graph.ts'
import { decoderConfigOf } from '../models/registry.ts'
import { RopeTable } from '../models/rope/rope-table.ts'
import { nodeDevice } from '../node-platform/node-device.ts'
import { rotaryFromPositions } from './rotary-from-positions.ts'

const device = await nodeDevice({ kind: 'cpu', threads: 1 })
afterAll(() => device.close())

function ropeOf(name: string) {
  return decoderConfigOf(readFixtureJson('rope-scaling', `${name}.config.json`)).ropes.full!
}

test.each(['linear', 'llama3', 'yarn', 'yarn-mscale', 'longrope'])(
  '%s: far positions are those of the host',
  async (name) => {
    const rope = ropeOf(name)
    const graph = new Graph(name)
    const { cos, sin } = rotaryFromPositions(graph, graph.input('positions', 'int64', ['B', 'T']), rope, 70_000)
    graph.output('cos', cos)
    graph.output('sin', sin)
    const program = await device.compile(graph)
    for (const positions of [
      [0, 3, 1, 14],
      [0, 255, 256, 257, 511, 12_345, 65_535, 69_999],
    ]) {
      const data = BigInt64Array.from(positions, BigInt)
      const rows = await program.run({ positions: { dtype: 'int64', shape: [1, data.length], data } }, ['cos', 'sin'])
      const expected = new RopeTable(rope, Math.max(...positions) + 1).at(positions)
      expect(rows.cos!.shape).toEqual([1, positions.length, rope.rotaryDim / 2])
      expect(largestDifference(rows.cos!.data as Float32Array, expected.cos)).toBeLessThan(1e-6)
      expect(largestDifference(rows.sin!.data as Float32Array, expected.sin)).toBeLessThan(1e-6)
    }
    await program.close()
  },
)

test('dynamic scaling is refused: its frequencies change with the length', () => {
  const graph = new Graph('dynamic')
  const positions = graph.input('positions', 'int64', ['B', 'T'])
  expect(() => rotaryFromPositions(graph, positions, ropeOf('dynamic'), 64)).toThrow(
    expect.objectContaining({ code: 'unsupported-model' }),
  )
})
