import { expect, test } from 'vitest'
import { Graph } from './graph.ts'
import { add } from './ops/elementwise.ts'
import { matMul } from './ops/matmul.ts'
import { softmax } from './ops/reduction.ts'
import { printGraph } from './print-graph.ts'

test('writes every input, weight, node and output on a line', () => {
  const graph = new Graph('tiny')
  const x = graph.input('x', 'float32', ['T', 4])
  const y = softmax(add(matMul(x, graph.weight('w', 'float32', [4, 2])), 1))
  graph.output('y', y)
  expect(printGraph(graph)).toBe(`graph tiny
  input x: float32 [T, 4]
  weight w: float32 [4, 2]
  %2: float32 [T, 2] = matMul(x, w)
  %4: float32 [T, 2] = add(%2, 1)
  %5: float32 [T, 2] = softmax(%4, axis=-1)
  output y = %5
`)
})
