import type { TokenizerDefinition } from './tokenizer-definition.ts'

/** A name of the vocabulary and everything around it: equal names mean equal ids for every text. */
export function vocabularyId(definition: TokenizerDefinition): string {
  const { model, addedTokens, normalizer, preTokenizer, postProcessor } = definition
  const hash = new TextHash()
  for (const token of model.vocabulary.tokens) hash.add(token ?? '')
  for (const token of addedTokens) hash.add(`${token.id}:${token.content}:${token.special}`)
  hash.add(JSON.stringify([normalizer, preTokenizer, postProcessor]))
  if (model.type === 'BPE')
    hash.add(
      `${model.merges.identity}:${model.byteFallback}:${model.fuseUnknown}:${model.ignoreMerges}:${model.unknown}`,
    )
  else if (model.type === 'Unigram') for (const score of model.scores) hash.add(String(score))
  else hash.add(`${model.unknown}:${model.prefix}:${model.longestWord}`)
  return `${model.type.toLowerCase()}-${model.vocabulary.tokens.length}-${hash.hex()}`
}

/** Two interleaved 32-bit FNV-1a hashes over UTF-16 units: quick, and enough to tell vocabularies apart. */
class TextHash {
  #a = 0x811c9dc5
  #b = 0x9e3779b9

  add(text: string): void {
    let a = this.#a
    let b = this.#b
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      a = Math.imul(a ^ unit, 0x01000193)
      b = Math.imul(b ^ unit, 0x85ebca6b) ^ (b >>> 13)
    }
    this.#a = Math.imul(a ^ 0x10000, 0x01000193)
    this.#b = Math.imul(b ^ 0x10000, 0x85ebca6b)
  }

  hex(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
