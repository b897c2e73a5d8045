import { OutputParseError } from '@lc/model/errors'
import { describe, expect, test } from 'vitest'
import { parseHeadProfile, retrievalHeads } from './head-profile.ts'

const profileOf = (n: number) => ({
  layerCount: 1,
  kvHeadCount: n,
  gates: Float32Array.from({ length: n }, (_, i) => i / n),
})
const count = (heads: Uint8Array) => heads.reduce((a, b) => a + b, 0)

describe('retrievalHeads', () => {
  test.each([
    [8, 0.5, 4],
    [8, 0.75, 2],
    [9, 0.5, 5],
    [9, 0.75, 3],
    [256, 0.5, 128],
    [8, 0, 8],
    [8, 1, 0],
  ])('%i heads at sparsity %f leave %i', (n, sparsity, expected) => {
    expect(count(retrievalHeads(profileOf(n), sparsity))).toBe(expected)
  })

  test('the highest gates are chosen; equal gates by position', () => {
    expect(
      Array.from(retrievalHeads({ layerCount: 1, kvHeadCount: 3, gates: Float32Array.of(0.1, 0.9, 0.5) }, 0.5)),
    ).toEqual([0, 1, 1])
    expect(Array.from(retrievalHeads({ layerCount: 2, kvHeadCount: 2, gates: new Float32Array(4) }, 0.5))).toEqual([
      1, 1, 0, 0,
    ])
  })
})

test('a pattern file is a matrix, one line a layer', () => {
  const profile = parseHeadProfile('0.5\t1.0\r\n0.25\t0\n')
  expect(profile).toEqual({ layerCount: 2, kvHeadCount: 2, gates: Float32Array.of(0.5, 1, 0.25, 0) })
})

test.each(['', '1\t2\n3', 'a\tb'])('%j is refused', (text) => {
  expect(() => parseHeadProfile(text)).toThrow(OutputParseError)
})
