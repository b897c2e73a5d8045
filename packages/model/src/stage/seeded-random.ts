/**
 * A repeatable source of uniform numbers in [0, 1): the generator sfc32 (Chris Doty-Humphrey, PractRand), 32 bits of
 * the seed mixed in and 12 rounds discarded.
 */
export function seededRandom(seed: number): () => number {
  let a = 0x9e3779b9
  let b = 0x243f6a88
  let c = seed >>> 0
  let counter = Math.trunc(seed / 2 ** 32) | 1
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < 12; round++) next()
  return next
}
