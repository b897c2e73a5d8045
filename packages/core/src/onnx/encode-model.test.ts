import { describe, expect, test } from 'vitest'
import { Graph } from '../graph/graph.ts'
import { rotaryEmbedding } from '../graph/ops/attention.ts'
import { add } from '../graph/ops/elementwise.ts'
import { reshape } from '../graph/ops/movement.ts'
import { encodeModel } from './encode-model.ts'

function withWeight(): Graph {
  const graph = new Graph('weighted')
  graph.output('y', add(graph.input('x', 'float32', ['T', 3]), graph.weight('w', 'float32', [3])))
  return graph
}

const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes)

describe('encodeModel', () => {
  test('names inputs, outputs, symbolic sizes and operators', () => {
    const model = text(encodeModel(withWeight(), { weights: new Map([['w', new Uint8Array(12)]]) }))
    for (const part of ['weighted', 'Add', 'com.microsoft', 'x', 'y', 'w', 'T']) expect(model).toContain(part)
  })

  test('writes where a weight lies outside', () => {
    const location = { location: 'folder/model.safetensors', offset: 13, length: 12 }
    const model = text(encodeModel(withWeight(), { weights: new Map([['w', location]]) }))
    for (const part of ['location', 'folder/model.safetensors', 'offset', '13', 'length', '12'])
      expect(model).toContain(part)
  })

  test.each<[string, ReadonlyMap<string, Uint8Array | { location: string; offset: number; length: number }>, string]>([
    ['is missing', new Map(), 'weights.w must be given'],
    ['has too few bytes', new Map([['w', new Uint8Array(11)]]), 'weights.w must be 12 bytes'],
    [
      'has another length outside',
      new Map([['w', { location: 'f', offset: 0, length: 13 }]]),
      'length of w must be 12 bytes',
    ],
    [
      'lies before its file',
      new Map([['w', { location: 'f', offset: -1, length: 12 }]]),
      'offset of w must be an integer >= 0',
    ],
  ])('refuses a weight that %s', (_, weights, message) => {
    expect(() => encodeModel(withWeight(), { weights })).toThrow(message)
  })

  test('takes the lowest operator set that has all operators, and refuses lower ones', () => {
    const graph = new Graph('rotary')
    const table = graph.input('table', 'float32', [1, 'T', 8])
    graph.output('y', rotaryEmbedding(graph.input('x', 'float32', [1, 2, 'T', 16]), table, table))
    expect(encodeModel(graph).length).toBeGreaterThan(0)
    expect(() => encodeModel(graph, { opset: 21 })).toThrow('opset must be an operator set >= 23')
  })

  test('refuses a reshape whose sizes cannot be found at run time', () => {
    const graph = new Graph('lost')
    graph.output('y', reshape(add(graph.input('x', 'float32', ['A', '6*B']), 0), ['2*A', '3*B', 1]))
    expect(() => encodeModel(graph)).toThrow('a symbolic size must be that of an axis')
  })
})
