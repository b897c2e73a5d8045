/** @file What a tokenizer is made from, whatever file it came from: vocabulary lists, and the other parts as in `tokenizer.json`. */
import type { JsonValue } from '@lc/model'
import type { AddedToken } from './added-tokens.ts'
import type { SpecialTokens } from './local-tokenizer.ts'
import type { MergeRules } from './model/merge-table.ts'
import type { Vocabulary } from './model/vocabulary.ts'

/** Byte-pair encoding as data. */
export interface BpeDefinition {
  readonly type: 'BPE'
  readonly vocabulary: Vocabulary
  readonly merges: MergeRules
  readonly byteFallback: boolean
  readonly fuseUnknown: boolean
  readonly ignoreMerges: boolean
  readonly unknown?: string | undefined
}

/** WordPiece as data. */
export interface WordPieceDefinition {
  readonly type: 'WordPiece'
  readonly vocabulary: Vocabulary
  readonly unknown: string
  readonly prefix: string
  readonly longestWord: number
}

/** A Unigram model as data. */
export interface UnigramDefinition {
  readonly type: 'Unigram'
  readonly vocabulary: Vocabulary
  /** Log-probabilities by id. */
  readonly scores: Float64Array
  readonly unknownId?: number | undefined
  readonly byteFallback: boolean
}

/** A tokenizer as data: vocabulary, added tokens, and the other parts in the form of `tokenizer.json`. */
export interface TokenizerDefinition {
  readonly file: string
  readonly model: BpeDefinition | WordPieceDefinition | UnigramDefinition
  readonly addedTokens: readonly AddedToken[]
  readonly normalizer: JsonValue
  readonly preTokenizer: JsonValue
  readonly postProcessor: JsonValue
  readonly decoder: JsonValue
  readonly special: SpecialTokens
}
