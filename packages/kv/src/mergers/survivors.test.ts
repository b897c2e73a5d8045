import { describe, expect, test } from 'vitest'
import { mergeIntoSurvivors, mergeValues, nearestSurvivors } from './nearest-survivor.ts'
import { spreadFactor } from './value-spread.ts'

const head = (...rows: number[][]) => ({ rows: Float32Array.from(rows.flat()), headDim: rows[0]!.length })
const list = (values: Float32Array) => Array.from(values, (value) => Math.round(value * 1e6) / 1e6)

describe('LOOK-M', () => {
  const keys = head([1, 0], [0, 1], [0.6, 0.8])
  const map = nearestSurvivors(keys, [0, 1], [2])

  test('the evicted slot goes to the most similar survivor', () => {
    expect(Array.from(map.survivor)).toEqual([1])
    expect(map.similarity[0]).toBeCloseTo(0.8, 6)
  })

  test('pivotal: three quarters of the survivor; averaged: half; survivors without members unchanged', () => {
    expect(list(mergeIntoSurvivors(keys, [0, 1], [2], map, 'pivotal'))).toEqual([1, 0, 0.15, 0.95])
    expect(list(mergeIntoSurvivors(keys, [0, 1], [2], map, 'averaged'))).toEqual([1, 0, 0.3, 0.9])
  })

  test('weighted by a similarity of 1 is the average, and equal keys stay', () => {
    const same = head([1, 2], [1, 2])
    const same1 = nearestSurvivors(same, [0], [1])
    for (const rule of ['averaged', 'pivotal', 'weighted'] as const)
      expect(list(mergeIntoSurvivors(same, [0], [1], same1, rule))).toEqual([1, 2])
  })
})

describe('value merge', () => {
  test('a similarity of at most 0 is eviction; equal values stay; results lie between', () => {
    const values = head([1, 0], [3, 0])
    expect(
      list(mergeValues(values, [0], [1], { survivor: Uint32Array.of(0), similarity: Float32Array.of(-0.5) })),
    ).toEqual([1, 0])
    const merged = list(mergeValues(values, [0], [1], { survivor: Uint32Array.of(0), similarity: Float32Array.of(1) }))
    expect(merged[0]).toBeCloseTo((1 + 0.75 * 3) / 1.75, 5)
    const same = head([2, 2], [2, 2])
    expect(list(mergeValues(same, [0], [1], { survivor: Uint32Array.of(0), similarity: Float32Array.of(1) }))).toEqual([
      2, 2,
    ])
  })
})

describe('CaM', () => {
  const attention = [0.5, 1, 1, 1]
  test('the deterministic factor is the probability over the targets', () => {
    expect(spreadFactor({ attention, evicted: 0, targets: [1, 2], random: 'expected' })).toBe(0.25)
  })

  test('the mean over draws approaches it; certainty spreads the whole value', () => {
    let seed = 1
    const random = () => {
      seed = (seed * 48271) % 2147483647
      return seed / 2147483647
    }
    let sum = 0
    for (let i = 0; i < 4000; i++) sum += spreadFactor({ attention, evicted: 0, targets: [1, 2], random })
    // three standard deviations of a Bernoulli mean
    expect(Math.abs(sum / 4000 - 0.25)).toBeLessThan((3 * 0.25) / Math.sqrt(4000))
    expect(spreadFactor({ attention: [2, 1], evicted: 0, targets: [1], random: () => 0.999 })).toBe(1)
    expect(spreadFactor({ attention: [0, 1], evicted: 0, targets: [1], random: () => 0 })).toBe(0)
    expect(spreadFactor({ attention, evicted: 0, targets: [], random: 'expected' })).toBe(0)
  })
})
