/** @file The tokenizer in a `tokenizer.json`, checked, with the roles of tokens from `tokenizer_config.json`. */
import type { JsonObject, JsonValue } from '@lc/model'
import type { AddedToken } from './added-tokens.ts'
import { Component } from './component.ts'
import type { SpecialTokens } from './local-tokenizer.ts'
import { MergeTable } from './model/merge-table.ts'
import { listedVocabulary, mappedVocabulary, type Vocabulary } from './model/vocabulary.ts'
import type {
  BpeDefinition,
  TokenizerDefinition,
  UnigramDefinition,
  WordPieceDefinition,
} from './tokenizer-definition.ts'

/** The files beside a `tokenizer.json` that name special tokens. */
export interface TokenizerFiles {
  /** Path of the `tokenizer.json`, for messages. */
  readonly file: string
  readonly json: JsonValue
  readonly config?: JsonObject | undefined
  readonly specialTokensMap?: JsonObject | undefined
}

/**
 * Reads a `tokenizer.json`.
 *
 * @throws FileFormatError when it is inconsistent or asks for something that lc does not have.
 */
export function tokenizerFromJson(files: TokenizerFiles): TokenizerDefinition {
  const root = new Component(files.file, 'the file', files.json)
  const model = readModel(new Component(files.file, 'model', root.get('model')))
  const addedTokens = readAddedTokens(root, model.vocabulary)
  return {
    file: files.file,
    model,
    addedTokens,
    normalizer: root.get('normalizer') ?? null,
    preTokenizer: root.get('pre_tokenizer') ?? null,
    postProcessor: root.get('post_processor') ?? null,
    decoder: root.get('decoder') ?? null,
    special: readSpecialTokens(files, model.vocabulary, addedTokens),
  }
}

function readModel(component: Component): BpeDefinition | WordPieceDefinition | UnigramDefinition {
  const type = component.string(
    'type',
    component.has('merges') ? 'BPE' : Array.isArray(component.get('vocab')) ? 'Unigram' : 'WordPiece',
  )
  if (type === 'BPE') return readBpe(component)
  if (type === 'WordPiece') return readWordPiece(component)
  if (type === 'Unigram') return readUnigram(component)
  throw component.problem(`has the unsupported type ${type}; supported: BPE, WordPiece, Unigram`)
}

function readVocabulary(component: Component): Vocabulary {
  return mappedVocabulary(component.file, component.child('vocab').value)
}

function readBpe(component: Component): BpeDefinition {
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix'])
    if (component.has(key) && component.string(key) !== '')
      throw component.problem(`uses ${key}, which lc does not support`)
  const vocabulary = readVocabulary(component)
  return {
    type: 'BPE',
    vocabulary,
    merges: readMerges(component, vocabulary),
    byteFallback: component.boolean('byte_fallback', false),
    fuseUnknown: component.boolean('fuse_unk', false),
    ignoreMerges: component.boolean('ignore_merges', false),
    unknown: component.has('unk_token') ? component.string('unk_token') : undefined,
  }
}

function readMerges(component: Component, { ids }: Vocabulary): MergeTable {
  const merges = component.list('merges')
  const table = new MergeTable(merges.length)
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank]
    let left: JsonValue | undefined
    let right: JsonValue | undefined
    if (Array.isArray(merge)) [left, right] = merge
    else if (typeof merge === 'string') {
      const space = merge.indexOf(' ')
      if (space >= 0) [left, right] = [merge.slice(0, space), merge.slice(space + 1)]
    }
    if (typeof left !== 'string' || typeof right !== 'string')
      throw component.problem(`has a merges[${rank}] that is not a pair`)
    const first = ids.get(left)
    const second = ids.get(right)
    const joined = ids.get(left + right)
    if (first === undefined || second === undefined || joined === undefined)
      throw component.problem(`has a merges[${rank}] that does not join two tokens to a third`)
    table.add(first, second, rank, joined)
  }
  return table
}

function readWordPiece(component: Component): WordPieceDefinition {
  return {
    type: 'WordPiece',
    vocabulary: readVocabulary(component),
    unknown: component.string('unk_token', '[UNK]'),
    prefix: component.string('continuing_subword_prefix', '##'),
    longestWord: component.integer('max_input_chars_per_word', 100),
  }
}

function readUnigram(component: Component): UnigramDefinition {
  const list = component.list('vocab')
  const tokens: string[] = []
  const scores = new Float64Array(list.length)
  for (let id = 0; id < list.length; id++) {
    const entry = list[id]
    if (!Array.isArray(entry) || typeof entry[0] !== 'string' || typeof entry[1] !== 'number')
      throw component.problem(`has a vocab[${id}] that is not a pair of text and number`)
    tokens.push(entry[0])
    scores[id] = entry[1]
  }
  const unknownId = component.has('unk_id') ? component.integer('unk_id') : undefined
  if (unknownId !== undefined && (unknownId < 0 || unknownId >= tokens.length))
    throw component.problem(`has the unk_id ${unknownId}, but ${tokens.length} tokens`)
  return {
    type: 'Unigram',
    vocabulary: listedVocabulary(tokens),
    scores,
    unknownId,
    byteFallback: component.boolean('byte_fallback', false),
  }
}

function readAddedTokens(root: Component, vocabulary: Vocabulary): AddedToken[] {
  const entries = root.children('added_tokens')
  const limit = vocabulary.tokens.length + entries.length * 4 + 65_536
  const seen = new Set<string>()
  const added: AddedToken[] = []
  for (const entry of entries) {
    const content = entry.string('content')
    const id = entry.integer('id')
    if (id < 0 || id >= limit) throw entry.problem(`has the id ${id}, which is not from 0 to ${limit - 1}`)
    if (content === '' || seen.has(content)) continue
    seen.add(content)
    added.push({
      id,
      content,
      special: entry.boolean('special', false),
      normalized: entry.boolean('normalized', !entry.boolean('special', false)),
      stripLeft: entry.boolean('lstrip', false),
      stripRight: entry.boolean('rstrip', false),
      singleWord: entry.boolean('single_word', false),
    })
  }
  return added
}

const roles: readonly [keyof SpecialTokens, string][] = [
  ['begin', 'bos_token'],
  ['end', 'eos_token'],
  ['unknown', 'unk_token'],
  ['padding', 'pad_token'],
  ['classification', 'cls_token'],
  ['separator', 'sep_token'],
  ['mask', 'mask_token'],
]

/** The text of a special token, given as a string or as an object with `content`. */
function tokenText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return typeof value.content === 'string' ? value.content : undefined
}

function readSpecialTokens(files: TokenizerFiles, vocabulary: Vocabulary, added: readonly AddedToken[]): SpecialTokens {
  const special: Partial<Record<keyof SpecialTokens, number>> = {}
  for (const [role, key] of roles) {
    const text = tokenText(files.config?.[key]) ?? tokenText(files.specialTokensMap?.[key])
    if (text === undefined) continue
    const id = added.find((token) => token.content === text)?.id ?? vocabulary.ids.get(text)
    if (id !== undefined) special[role] = id
  }
  return special
}
