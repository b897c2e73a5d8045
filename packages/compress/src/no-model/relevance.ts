/** @file Relevance of texts to a query without a language model. */
import type { CallOptions } from '@lc/model'
import { bm25, lexicalTerms } from '../score/lexical-relevance.ts'
import type { Ranker } from './options.ts'

/** One score per text, higher is more relevant. */
export async function relevanceOfTexts(
  ranker: Exclude<Ranker, 'head-tail'>,
  query: string,
  texts: readonly string[],
  options: CallOptions,
): Promise<Float64Array> {
  if (ranker === 'bm25') return bm25(query, texts)
  if (ranker === 'identifiers') return identifierOverlap(query, texts)
  if ('embedder' in ranker) {
    const [question] = await ranker.embedder.embed([query], { ...options, kind: 'query' })
    const vectors = await ranker.embedder.embed(texts, { ...options, kind: 'document' })
    return Float64Array.from(vectors, (vector) => cosine(question!, vector))
  }
  return Float64Array.from(await ranker.reranker.rank(query, texts, options))
}

/**
 * The share of the query's words that a text has, each weighted by how rare it is among the texts. Unlike BM25 it counts a
 * word once, however often it occurs, and does not mind length.
 */
export function identifierOverlap(query: string, texts: readonly string[]): Float64Array {
  const wanted = new Set(lexicalTerms(query))
  const found = texts.map((text) => new Set(lexicalTerms(text).filter((term) => wanted.has(term))))
  const counts = new Map<string, number>()
  for (const terms of found) for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  const rarity = (term: string): number => Math.log(1 + texts.length / (1 + (counts.get(term) ?? 0)))
  let all = 0
  for (const term of wanted) all += rarity(term)
  return Float64Array.from(found, (terms) => {
    let sum = 0
    for (const term of terms) sum += rarity(term)
    return all > 0 ? sum / all : 0
  })
}

function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0
  let lengthA = 0
  let lengthB = 0
  for (let index = 0; index < a.length; index++) {
    dot += a[index]! * b[index]!
    lengthA += a[index]! ** 2
    lengthB += b[index]! ** 2
  }
  const length = Math.sqrt(lengthA * lengthB)
  return length > 0 ? dot / length : 0
}
