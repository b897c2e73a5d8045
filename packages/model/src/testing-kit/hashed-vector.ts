import { seededRandom } from '../stage/seeded-random.ts'

/** A unit vector that depends on the key alone: keys are nearly orthogonal to each other. */
export function hashedVector(key: string, dimensions: number): Float32Array {
  let hash = 0x811c9dc5
  // FNV-1a over UTF-16 units
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  const random = seededRandom(hash >>> 0)
  const vector = Float32Array.from({ length: dimensions }, () => random() - 0.5)
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

/** The words of a text, lower-cased, in order. */
export function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []).map(stem)
}

/** Takes common English endings off, so that `sleeps` and `sleeping` meet. */
function stem(word: string): string {
  return word.length > 4 ? word.replace(/(ing|ed|es|s)$/, '') : word
}
