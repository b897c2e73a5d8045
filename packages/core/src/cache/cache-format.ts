/**
 * How a cache keeps numbers. `float32`: as they are computed, 8 bytes per slot, head and column. `int8`: keys and values as 8-bit
 * codes with one scale per slot and head each, about a quarter of that; a number is off by at most half a step, 1/254 of the largest
 * of its row.
 */
export type CacheFormat = 'float32' | 'int8'

export const cacheFormats = ['float32', 'int8'] as const satisfies readonly CacheFormat[]
