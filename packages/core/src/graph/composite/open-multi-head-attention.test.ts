import { expect, test } from 'vitest'
import { Graph } from '../graph.ts'
import { multiHeadAttention } from '../ops/attention.ts'
import { evaluateGraph } from '../reference/evaluate.ts'
import { lowerForProvider } from '../rewrite/lower-for-provider.ts'

const wave = (shape: readonly number[], speed: number) => ({
  dtype: 'float32' as const,
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => Math.sin(at * speed)),
})

test.each([
  ['rows', [2, 5, 16], undefined],
  ['heads', [2, 2, 5, 8], undefined],
  ['rows with a bias', [2, 5, 16], [2, 1, 3, 5]],
])('the plain form means what the op means: %s', (_, shape, biasShape) => {
  const graph = new Graph('attention')
  const query = graph.input('query', 'float32', [2, 3, 16])
  const [key, value] = ['key', 'value'].map((name) => graph.input(name, 'float32', shape))
  const bias = biasShape && graph.input('bias', 'float32', biasShape)
  graph.output('y', multiHeadAttention(query, key!, value!, { numHeads: 2, ...(bias && { bias }) }))
  const lowered = lowerForProvider(graph, 'webgpu', { fusedAttention: 'untrusted' })
  expect(lowered.nodes.map((node) => node.op)).not.toContain('multiHeadAttention')
  const feeds = {
    query: wave([2, 3, 16], 0.7),
    key: wave(shape, 0.31),
    value: wave(shape, 0.53),
    ...(biasShape && { bias: wave(biasShape, 1.1) }),
  }
  const [plain, fused] = [evaluateGraph(lowered, feeds).y!, evaluateGraph(graph, feeds).y!]
  expect(plain.shape).toEqual(fused.shape)
  for (const [at, exact] of fused.data.entries()) expect(plain.data[at]).toBeCloseTo(exact, 6)
})

test('a fused kernel that is trusted stays, and so does a causal one', () => {
  const graph = new Graph('attention')
  const x = graph.input('x', 'float32', ['B', 'T', 16])
  graph.output('y', multiHeadAttention(x, x, x, { numHeads: 2, causal: true }))
  for (const fusedAttention of ['trusted', 'untrusted'] as const)
    expect(lowerForProvider(graph, 'webgpu', { fusedAttention }).nodes).toHaveLength(1)
})
