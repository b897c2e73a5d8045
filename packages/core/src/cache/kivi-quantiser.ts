/**
 * @file KIVI's rounding to 4 bits (Liu et al. 2024, section 3): within a group z = min x, s = (max x - min x) / 15 and
 * q = clamp(round((x - z) / s), 0, 15), read back as q s + z. Keys: a group is one channel of 32 tokens that follow each other. Values: a
 * group is up to 32 channels of one token. Scales and zeros are kept as half-precision numbers, as the official code keeps them for
 * half-precision models, and codes are chosen for what was kept.
 */
import { halfFloatTable, toHalfFloat } from '../weights/half-float.ts'

/** The latest tokens, kept in float32. The paper's residual length. */
export const residualTokens = 128
const mostCode = 15
const largestHalf = 65504

/** A grid of 16 values: half-precision patterns of a step and of the lowest value, and both as numbers. */
export interface Grid {
  scaleBits: number
  zeroBits: number
  scale: number
  zero: number
}

export function newGrid(): Grid {
  return { scaleBits: 0, zeroBits: 0, scale: 0, zero: 0 }
}

/** The grid of numbers between two, written to `grid`. */
export function fitGrid(low: number, high: number, grid: Grid): void {
  const numbers = halfFloatTable()
  grid.zeroBits = toHalfFloat(Math.max(-largestHalf, Math.min(largestHalf, low)))
  grid.scaleBits = toHalfFloat(Math.min(largestHalf, Math.fround(Math.fround(high - low) / mostCode)))
  grid.zero = numbers[grid.zeroBits]!
  grid.scale = numbers[grid.scaleBits]!
}

/** The code of a number on a grid. */
export function codeOf(value: number, { scale, zero }: Grid): number {
  if (scale === 0) return 0
  const code = Math.round(Math.fround(Math.fround(value - zero) / scale))
  return Math.max(0, Math.min(mostCode, code))
}
