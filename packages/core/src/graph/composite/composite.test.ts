/** @file Composites against the ops or formulas that they stand for, all in the exact interpreter. */
import { describe, expect, test } from 'vitest'
import { numbers, type OpCase, opCase } from '../../testing-kit/op-case.ts'
import { rotaryEmbedding } from '../ops/attention.ts'
import { add, cast, multiply, subtract } from '../ops/elementwise.ts'
import { gatherElements } from '../ops/gather.ts'
import { einsum, matMul } from '../ops/matmul.ts'
import { expand, reshape, unsqueeze } from '../ops/movement.ts'
import { dequantizeLinear, matMulNBits } from '../ops/quantised.ts'
import { logSoftmax, softmax } from '../ops/reduction.ts'
import { evaluateGraph } from '../reference/evaluate.ts'
import { attention } from './attention.ts'
import { logProbHead } from './log-prob-head.ts'
import { quantisedMix, quantisedScores } from './quantised-cache.ts'
import { int8Linear, quantisedLinear, quantiseRows } from './quantised-linear.ts'
import { rope } from './rope.ts'

/** The first two outputs of a case must agree. */
function expectEqual({ graph, feeds }: OpCase, tolerance = 1e-9): void {
  const { result0, result1 } = evaluateGraph(graph, feeds)
  expect(result0!.shape).toEqual(result1!.shape)
  const worst = result0!.data.reduce((most, value, at) => Math.max(most, Math.abs(value - result1!.data[at]!)), 0)
  expect(worst).toBeLessThanOrEqual(tolerance)
}

const table = numbers([2, 'T=3', 8], { from: -1, to: 1 })

describe('composites', () => {
  test.each([16, 24])('rope rotates like the op, with heads of %d', (headDim) => {
    const operands = { x: numbers([2, 4, 'T=3', headDim]), cos: table, sin: table }
    expectEqual(
      opCase('rotaryEmbedding', operands, ({ x, cos, sin }) => [
        rope(x, unsqueeze(cos, [1]), unsqueeze(sin, [1])),
        rotaryEmbedding(x, cos, sin, { rotaryDim: 16 }),
      ]),
    )
  })

  test('the head of log-probabilities picks from the log-softmax', () => {
    const operands = {
      logits: numbers(['T=4', 9], { from: -30, to: 30 }),
      targets: numbers(['T=4', 1], { dtype: 'int64', from: 0, to: 9 }),
    }
    expectEqual(
      opCase('logSoftmax', operands, ({ logits, targets }) => [
        logProbHead(logits, targets),
        gatherElements(logSoftmax(logits), targets),
      ]),
    )
  })

  test('attention shares keys between the queries of a group', () => {
    const operands = {
      q: numbers([2, 4, 'T=3', 8]),
      k: numbers([2, 2, 'S=5', 8]),
      v: numbers([2, 2, 'S=5', 8]),
      bias: numbers([2, 1, 'T=3', 'S=5']),
    }
    expectEqual(
      opCase('softmax', operands, ({ q, k, v, bias }) => {
        const { output } = attention(q, k, v, { bias, scale: 0.25 })
        const every = (x: typeof k) => reshape(expand(unsqueeze(x, [2]), [2, 2, 2, 'S', 8]), [2, 4, 'S', 8])
        const scores = add(multiply(einsum('bhtd,bhsd->bhts', q, every(k)), 0.25), bias)
        return [output, matMul(softmax(scores), every(v))]
      }),
    )
  })

  test('a product with an offset per block equals the one with dequantised weights', () => {
    const operands = {
      x: numbers(['T=3', 72]),
      packed: numbers([5, 3, 16], { dtype: 'uint8', from: 0, to: 256 }),
      scales: numbers([5, 3], { from: 0.01, to: 0.1 }),
      offsets: numbers([5, 3]),
    }
    // w = d q + m, with the zero point 8 of the symmetric kernel: correction m + 8 d
    const test = opCase('matMulNBits', operands, ({ x, packed, scales, offsets }) => {
      const correction = add(offsets, multiply(scales, 8))
      const weight = { bits: 4 as const, blockSize: 32, packed, scales, correction }
      const symmetric = matMulNBits(x, packed, scales, { bits: 4, blockSize: 32 })
      return [quantisedLinear(x, weight), symmetric]
    })
    const { result0 } = evaluateGraph(test.graph, test.feeds)
    const { x, packed, scales, offsets } = test.feeds as Record<string, { data: ArrayLike<number> }>
    for (let t = 0; t < 3; t += 1)
      for (let n = 0; n < 5; n += 1) {
        let sum = 0
        for (let k = 0; k < 72; k += 1) {
          const block = Math.floor(k / 32)
          const byte = packed!.data[(n * 3 + block) * 16 + Math.floor((k % 32) / 2)]!
          const code = k % 2 === 0 ? byte & 15 : byte >> 4
          sum += x!.data[t * 72 + k]! * (scales!.data[n * 3 + block]! * code + offsets!.data[n * 3 + block]!)
        }
        expect(result0!.data[t * 5 + n]).toBeCloseTo(sum, 8)
      }
  })

  test('an integer product errs only by the rounding of its rows', () => {
    const operands = {
      x: numbers(['T=4', 32]),
      w: numbers([32, 6], { dtype: 'int8', from: -127, to: 128 }),
      s: numbers([6], { from: 0.001, to: 0.01 }),
    }
    const test = opCase('matMulInteger', operands, ({ x, w, s }) => {
      const weight = dequantizeLinear(w, s, { axis: 1 })
      const rows = quantiseRows(x)
      return [int8Linear(rows, w, s), matMul(x, weight)]
    })
    const { result0, result1 } = evaluateGraph(test.graph, test.feeds)
    // half a step of 2/127 in each of 32 inputs, times the largest weight
    const bound = 32 * (1 / 127) * 1.27
    result0!.data.forEach((value, at) => {
      expect(Math.abs(value - result1!.data[at]!)).toBeLessThan(bound)
    })
    expect(result0!.data).not.toEqual(result1!.data)
  })

  test('scores and mixes over 8-bit keys and values keep to those over the same keys and values in float', () => {
    const codes = { dtype: 'uint8' as const, from: 1, to: 256 }
    const operands = {
      query: numbers([2, 3, 16]),
      keys: numbers([2, 16, 'C=40'], codes),
      values: numbers([2, 'C=40', 16], codes),
      scales: numbers([2, 1, 'C=40'], { from: 0.001, to: 0.02 }),
      logits: numbers([2, 3, 'C=40'], { from: -12, to: 4 }),
    }
    const test = opCase('matMulInteger', operands, ({ query, keys, values, scales, logits }) => {
      const weights = softmax(logits)
      const float = (x: typeof keys) => subtract(cast(x, 'float32'), 128)
      return [
        quantisedScores(query, { codes: keys, scales }),
        multiply(matMul(query, float(keys)), scales),
        quantisedMix(weights, { codes: values, scales }, 3),
        matMul(multiply(weights, scales), float(values)),
      ]
    })
    const results = evaluateGraph(test.graph, test.feeds)
    const worst = (a: Float64Array, b: Float64Array): number => {
      const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      return a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0) / largest
    }
    // a query is rounded to 127 steps, weights to 255 * 255
    expect(worst(results.result0!.data, results.result1!.data)).toBeLessThan(0.01)
    expect(worst(results.result2!.data, results.result3!.data)).toBeLessThan(2e-4)
  })
})
