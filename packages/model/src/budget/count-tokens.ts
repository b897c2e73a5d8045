import type { Tokenizer } from '../capability/tokenizer.ts'

const caches = new WeakMap<Tokenizer, Map<string, number>>()
/** Texts longer than this are counted anew each time: keeping them would cost more than it saves. */
const longestCached = 20_000
const largestCache = 4096

/** The number of tokens of a text. Recent counts of short texts are remembered per tokenizer. */
export function countTokens(tokenizer: Tokenizer, text: string): number {
  if (text === '') return 0
  if (text.length > longestCached) return tokenizer.count(text)
  let cache = caches.get(tokenizer)
  if (!cache) {
    cache = new Map()
    caches.set(tokenizer, cache)
  }
  const known = cache.get(text)
  if (known !== undefined) return known
  const count = tokenizer.count(text)
  // a Map iterates in order of insertion: the first key is the oldest
  if (cache.size >= largestCache) cache.delete(cache.keys().next().value!)
  cache.set(text, count)
  return count
}
