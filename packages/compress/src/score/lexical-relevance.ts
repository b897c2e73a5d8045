/** @file BM25 over words and parts of identifiers (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). */

const word = /[\p{L}\p{N}_$]+/gu
// camelCase, PascalCase, snake_case and letters next to digits; runs of ideographs and kana one by one
const part = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{N}+|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|\p{L}+/gu

/** The lower-case terms of a text: each word, and the parts of words that have several. */
export function lexicalTerms(text: string): string[] {
  const terms: string[] = []
  for (const [found] of text.matchAll(word)) {
    const whole = found.toLowerCase()
    terms.push(whole)
    const parts = found.match(part)
    if (parts && parts.length > 1) for (const each of parts) terms.push(each.toLowerCase())
  }
  return terms
}

const k1 = 1.2
const b = 0.75

/** BM25 of each text for the terms of a query; all 0 when no term occurs. */
export function bm25(query: string, texts: readonly string[]): Float64Array {
  const wanted = new Map<string, number>()
  for (const term of lexicalTerms(query)) if (!wanted.has(term)) wanted.set(term, wanted.size)
  const scores = new Float64Array(texts.length)
  if (wanted.size === 0 || texts.length === 0) return scores
  const frequencies: Map<number, number>[] = []
  const lengths = new Float64Array(texts.length)
  const documentCounts = new Uint32Array(wanted.size)
  texts.forEach((text, index) => {
    const counts = new Map<number, number>()
    for (const term of lexicalTerms(text)) {
      lengths[index]!++
      const id = wanted.get(term)
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    for (const id of counts.keys()) documentCounts[id]!++
    frequencies.push(counts)
  })
  const meanLength = Math.max(1, lengths.reduce((sum, length) => sum + length, 0) / texts.length)
  frequencies.forEach((counts, index) => {
    for (const [id, frequency] of counts) {
      const documents = documentCounts[id]!
      const rarity = Math.log(1 + (texts.length - documents + 0.5) / (documents + 0.5))
      const norm = k1 * (1 - b + (b * lengths[index]!) / meanLength)
      scores[index]! += (rarity * frequency * (k1 + 1)) / (frequency + norm)
    }
  })
  return scores
}
