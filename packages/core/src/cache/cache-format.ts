/**
 * How a cache keeps numbers. `float32`: as they are computed, 8 bytes per slot, head and column. `int8`: keys and values as 8-bit
 * codes with one scale per slot and head each, about a quarter of that; a number is off by at most half a step, 1/254 of the largest
 * of its row. `int4`: as KIVI keeps them, 4-bit codes with a scale per channel and 32 slots (keys) or per slot and 32 channels (values),
 * about a sixth of float32, and the latest 128 to 160 slots in float32; a number is off by about 1/30 of the range of its group.
 */
export type CacheFormat = 'float32' | 'int8' | 'int4'

export const cacheFormats = ['float32', 'int8', 'int4'] as const satisfies readonly CacheFormat[]
