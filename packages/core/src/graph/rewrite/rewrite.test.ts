import { describe, expect, test } from 'vitest'
import { opCases } from '../../testing-kit/op-cases.ts'
import { Graph } from '../graph.ts'
import { add, exp, multiply } from '../ops/elementwise.ts'
import { reduceSum } from '../ops/reduction.ts'
import { printGraph } from '../print-graph.ts'
import { evaluateGraph } from '../reference/evaluate.ts'
import { lowerForProvider } from './lower-for-provider.ts'
import { webgpuRules } from './lower-for-webgpu.ts'
import { rewriteGraph } from './rewrite-graph.ts'

test('leaves out what no output needs, and shares what is computed twice', () => {
  const graph = new Graph('waste')
  const x = graph.input('x', 'float32', ['T'])
  reduceSum(exp(x))
  graph.output('y', add(multiply(x, 2), multiply(x, 2)))
  expect(printGraph(rewriteGraph(graph, {}))).toBe(`graph waste
  input x: float32 [T]
  %2: float32 [T] = multiply(x, 2)
  %3: float32 [T] = add(%2, %2)
  output y = %3
`)
})

describe('substitutes for WebGPU compute what the op says', () => {
  const substituted = new Set(Object.keys(webgpuRules('untrusted')))
  // ties of round go up there, and quantised caches are refused
  const left = /round of ties|int8 cache/
  for (const item of opCases().filter((one) => substituted.has(one.op) && !left.test(one.name)))
    test(item.name, () => {
      const expected = evaluateGraph(item.graph, item.feeds)
      const actual = evaluateGraph(rewriteGraph(item.graph, webgpuRules('untrusted')), item.feeds)
      for (const [name, exact] of Object.entries(expected)) {
        expect(actual[name]!.shape).toEqual(exact.shape)
        const scale = exact.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
        exact.data.forEach((value, at) => {
          expect(Math.abs(value - actual[name]!.data[at]!) / scale).toBeLessThanOrEqual(1e-9)
        })
      }
    })
})

test('CUDA gets open attention for float32, which its fused kernel does not take', () => {
  const item = opCases().find((one) => one.name.startsWith('groupQueryAttention plain, 5 after 6'))!
  const lowered = lowerForProvider(item.graph, 'cuda')
  expect(lowered.nodes.some((node) => node.op === 'groupQueryAttention')).toBe(false)
  const [exact, actual] = [item.graph, lowered].map((graph) => evaluateGraph(graph, item.feeds).result0!.data)
  exact!.forEach((value, at) => {
    expect(actual![at]).toBeCloseTo(value, 9)
  })
})
