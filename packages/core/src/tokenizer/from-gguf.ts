/** @file The tokenizer in the metadata of a GGUF file, in the terms of `tokenizer.json`. */
import type { JsonValue } from '@lc/model'
import { FileFormatError } from '../errors/file-format-error.ts'
import type { GgufMetadata } from '../weights/gguf/gguf-metadata.ts'
import type { AddedToken } from './added-tokens.ts'
import { tokenizerFromJson } from './from-tokenizer-json.ts'
import { ggufPreTokenizer, ignoresMerges } from './gguf-pre-tokenizer.ts'
import type { SpecialTokens } from './local-tokenizer.ts'
import { MergeTable, ScoredMerges } from './model/merge-table.ts'
import { listedVocabulary, type Vocabulary } from './model/vocabulary.ts'
import type { BpeDefinition, TokenizerDefinition } from './tokenizer-definition.ts'

/** Kinds of tokens in `tokenizer.ggml.token_type`. */
const kinds = { normal: 1, unknown: 2, control: 3, user: 4, unused: 5, byte: 6 } as const

/**
 * Reads the tokenizer of a GGUF file.
 *
 * @throws FileFormatError when it is missing, inconsistent or of a kind that lc does not have.
 */
export function tokenizerFromGguf(metadata: GgufMetadata): TokenizerDefinition {
  const embedded = metadata.string('tokenizer.huggingface.json')
  if (embedded !== undefined) return embeddedTokenizer(metadata, embedded)
  const model = metadata.string('tokenizer.ggml.model')
  const read = model !== undefined && Object.hasOwn(readers, model) ? readers[model] : undefined
  if (!read)
    throw problem(
      metadata,
      `the tokenizer ${model ?? '(none)'} is not supported; supported: ${Object.keys(readers).join(', ')}`,
    )
  const tokens = metadata.strings('tokenizer.ggml.tokens')
  if (!tokens || tokens.length === 0) throw problem(metadata, 'the tokenizer has no tokens')
  const types = metadata.numbers('tokenizer.ggml.token_type')
  if (types && types.length !== tokens.length)
    throw problem(metadata, `there are ${types.length} token types for ${tokens.length} tokens`)
  return read({ metadata, tokens, types })
}

/** Some files carry the whole tokenizer.json: nothing has to be guessed then. */
function embeddedTokenizer(metadata: GgufMetadata, text: string): TokenizerDefinition {
  let json: JsonValue
  try {
    json = JSON.parse(text) as JsonValue
  } catch (error) {
    throw new FileFormatError({
      file: metadata.file,
      format: 'gguf',
      problem: 'its tokenizer.huggingface.json does not parse',
      cause: error,
    })
  }
  const definition = tokenizerFromJson({ file: metadata.file, json })
  const tokens = definition.model.vocabulary.tokens.map((token) => token ?? '')
  return { ...definition, special: specialTokens({ metadata, tokens, types: undefined }) }
}

interface Input {
  readonly metadata: GgufMetadata
  readonly tokens: string[]
  readonly types: ArrayLike<number> | undefined
}

const readers: Readonly<Record<string, (input: Input) => TokenizerDefinition>> = {
  gpt2: byteLevelBpe,
  llama: sentencePieceBpe,
  bert: wordPiece,
  t5: unigram,
}

function problem(metadata: GgufMetadata, text: string): FileFormatError {
  return new FileFormatError({ file: metadata.file, format: 'gguf', problem: text })
}

/** A token id from the metadata, if it names a token. */
function tokenId({ metadata, tokens }: Input, key: string, fallback?: number): number | undefined {
  const id = metadata.count(`tokenizer.ggml.${key}`) ?? fallback
  if (id === undefined || (id >= tokens.length && id === fallback)) return undefined
  if (id >= tokens.length)
    throw problem(metadata, `tokenizer.ggml.${key} is ${id}, but there are ${tokens.length} tokens`)
  return id
}

function specialTokens(input: Input, defaults: { begin?: number; end?: number; unknown?: number } = {}): SpecialTokens {
  const entries: [keyof SpecialTokens, number | undefined][] = [
    ['begin', tokenId(input, 'bos_token_id', defaults.begin)],
    ['end', tokenId(input, 'eos_token_id', defaults.end)],
    ['unknown', tokenId(input, 'unknown_token_id', defaults.unknown)],
    ['padding', tokenId(input, 'padding_token_id')],
    ['classification', tokenId(input, 'cls_token_id')],
    ['separator', tokenId(input, 'seperator_token_id') ?? tokenId(input, 'separator_token_id')],
    ['mask', tokenId(input, 'mask_token_id')],
  ]
  return Object.fromEntries(entries.filter((entry) => entry[1] !== undefined))
}

function addedTokens({ tokens, types }: Input): AddedToken[] {
  const added: AddedToken[] = []
  for (let id = 0; id < tokens.length; id++) {
    const type = types?.[id]
    if (type !== kinds.control && type !== kinds.user && type !== kinds.unknown) continue
    added.push({
      id,
      content: tokens[id]!,
      special: type !== kinds.user,
      normalized: false,
      stripLeft: false,
      stripRight: false,
      singleWord: false,
    })
  }
  return added
}

/** Adds the begin and end tokens that the flags ask for. */
function template(before: number | undefined, after: number | undefined): JsonValue {
  if (before === undefined && after === undefined) return null
  const text = (id: 'A' | 'B', type: number): JsonValue => ({ Sequence: { id, type_id: type } })
  const token = (id: number | undefined): JsonValue[] =>
    id === undefined ? [] : [{ SpecialToken: { id: String(id), type_id: 0 } }]
  const names: Record<string, JsonValue> = {}
  for (const id of [before, after]) if (id !== undefined) names[String(id)] = { id: String(id), ids: [id], tokens: [] }
  return {
    type: 'TemplateProcessing',
    single: [...token(before), text('A', 0), ...token(after)],
    pair: [...token(before), text('A', 0), ...token(after), ...token(before), text('B', 1), ...token(after)],
    special_tokens: names,
  }
}

function flag({ metadata }: Input, key: string, fallback: boolean): boolean {
  return metadata.boolean(`tokenizer.ggml.${key}`) ?? fallback
}

function byteLevelBpe(input: Input): TokenizerDefinition {
  const { metadata, tokens } = input
  const vocabulary = listedVocabulary(tokens)
  const pre = metadata.string('tokenizer.ggml.pre') ?? 'default'
  const preTokenizer = ggufPreTokenizer(pre)
  if (preTokenizer === undefined) throw problem(metadata, `the pre-tokenizer ${pre} is unknown`)
  const special = specialTokens(input, tokens.length > 11 ? { begin: 11, end: 11 } : {})
  const addsBegin = flag(input, 'add_bos_token', ignoresMerges(pre))
  const model: BpeDefinition = {
    type: 'BPE',
    vocabulary,
    merges: listedMerges(metadata, vocabulary),
    byteFallback: false,
    fuseUnknown: false,
    ignoreMerges: ignoresMerges(pre),
  }
  return {
    file: metadata.file,
    model,
    addedTokens: addedTokens(input),
    normalizer: null,
    preTokenizer,
    postProcessor: template(
      addsBegin ? special.begin : undefined,
      flag(input, 'add_eos_token', false) ? special.end : undefined,
    ),
    // with all fields: Python's tokenizers take no defaults
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    special,
  }
}

function listedMerges(metadata: GgufMetadata, vocabulary: Vocabulary): MergeTable {
  const merges = metadata.strings('tokenizer.ggml.merges') ?? []
  const table = new MergeTable(merges.length)
  const { ids } = vocabulary
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank]!
    // a token may itself begin with a space
    const space = merge.indexOf(' ', 1)
    const left = ids.get(merge.slice(0, space))
    const right = ids.get(merge.slice(space + 1))
    const joined = ids.get(merge.slice(0, space) + merge.slice(space + 1))
    if (space < 0 || left === undefined || right === undefined || joined === undefined)
      throw problem(
        metadata,
        `merge ${rank} (${JSON.stringify(merge.slice(0, 40))}) does not join two tokens to a third`,
      )
    table.add(left, right, rank, joined)
  }
  return table
}

function sentencePieceBpe(input: Input): TokenizerDefinition {
  const { metadata, types } = input
  const gemma = (metadata.string('general.architecture') ?? '').startsWith('gemma')
  const tokens = gemma
    ? input.tokens.map((token) => (/^ {2,}$/.test(token) ? '▁'.repeat(token.length) : token))
    : input.tokens
  const vocabulary = listedVocabulary(tokens)
  const prefix = flag(input, 'add_space_prefix', !gemma)
  const special = specialTokens(input, { begin: 1, end: 2, unknown: 0 })
  const replace: JsonValue = { type: 'Replace', pattern: { String: ' ' }, content: '▁' }
  const toSpace: JsonValue = { type: 'Replace', pattern: { String: '▁' }, content: ' ' }
  const steps: JsonValue[] = [toSpace, { type: 'ByteFallback' }, { type: 'Fuse' }]
  return {
    file: metadata.file,
    model: {
      type: 'BPE',
      vocabulary,
      merges: new ScoredMerges(tokens, vocabulary.ids, mergeOrder(input, gemma, types)),
      byteFallback: true,
      fuseUnknown: true,
      ignoreMerges: false,
      unknown: special.unknown === undefined ? undefined : tokens[special.unknown],
    },
    addedTokens: addedTokens({ ...input, tokens }),
    normalizer: prefix ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, replace] } : replace,
    preTokenizer: null,
    postProcessor: template(
      flag(input, 'add_bos_token', true) ? special.begin : undefined,
      flag(input, 'add_eos_token', false) ? special.end : undefined,
    ),
    decoder: {
      type: 'Sequence',
      decoders: prefix ? [...steps, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : steps,
    },
    special,
  }
}

/** The place of each token among all that merging can make, best first; -1 for those it must not make. */
function mergeOrder({ metadata, tokens }: Input, byId: boolean, types: ArrayLike<number> | undefined): Int32Array {
  const scores = metadata.numbers('tokenizer.ggml.scores')
  if (!byId && scores?.length !== tokens.length) throw problem(metadata, 'the tokenizer has no score for each token')
  const mergeable: number[] = []
  for (let id = 0; id < tokens.length; id++) {
    const type = types?.[id] ?? kinds.normal
    if (type === kinds.normal || type === kinds.user) mergeable.push(id)
  }
  if (!byId) mergeable.sort((a, b) => scores![b]! - scores![a]! || a - b)
  const order = new Int32Array(tokens.length).fill(-1)
  for (let place = 0; place < mergeable.length; place++) order[mergeable[place]!] = place
  return order
}

function wordPiece(input: Input): TokenizerDefinition {
  const { metadata, tokens, types } = input
  // the file marks starts of words where WordPiece marks continuations
  const renamed = tokens.map((token, id) => {
    const type = types?.[id]
    if (type !== undefined && type !== kinds.normal) return token
    if (/^\[(?:PAD|UNK|CLS|SEP|MASK|unused\d+)\]$/.test(token)) return token
    return token.startsWith('▁') ? token.slice(1) : `##${token}`
  })
  const vocabulary = listedVocabulary(renamed)
  const special = specialTokens(input, { unknown: 100 })
  const classification = special.classification ?? special.begin ?? 101
  const separator = special.separator ?? special.end ?? 102
  const lower = flag(input, 'normalizer.lowercase', true)
  return {
    file: metadata.file,
    model: {
      type: 'WordPiece',
      vocabulary,
      unknown: renamed[special.unknown ?? 100] ?? '[UNK]',
      prefix: '##',
      longestWord: 100,
    },
    addedTokens: addedTokens({ ...input, tokens: renamed }),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: metadata.boolean('tokenizer.ggml.normalizer.strip_accents') ?? lower,
      lowercase: lower,
    },
    preTokenizer: { type: 'BertPreTokenizer' },
    postProcessor: { type: 'BertProcessing', cls: ['[CLS]', classification], sep: ['[SEP]', separator] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    special: { ...special, classification, separator },
  }
}

function unigram(input: Input): TokenizerDefinition {
  const { metadata, tokens } = input
  const scores = metadata.numbers('tokenizer.ggml.scores')
  if (scores?.length !== tokens.length) throw problem(metadata, 'the tokenizer has no score for each token')
  const special = specialTokens(input, { unknown: 2 })
  const map = metadata.numbers('tokenizer.ggml.precompiled_charsmap')
  const metaspace: JsonValue = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' }
  const begin = special.classification ?? special.begin
  const end = special.separator ?? special.end
  return {
    file: metadata.file,
    model: {
      type: 'Unigram',
      vocabulary: listedVocabulary(tokens),
      scores: Float64Array.from(scores),
      unknownId: special.unknown,
      byteFallback: false,
    },
    addedTokens: addedTokens(input),
    normalizer: map ? { type: 'Precompiled', precompiled_charsmap: base64(map) } : null,
    preTokenizer: { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace] },
    postProcessor: template(
      flag(input, 'add_bos_token', false) ? begin : undefined,
      flag(input, 'add_eos_token', true) ? end : undefined,
    ),
    decoder: metaspace,
    special,
  }
}

function base64(bytes: ArrayLike<number>): string {
  let binary = ''
  for (let i = 0; i < bytes.length; i++) binary += String.fromCharCode(bytes[i]! & 255)
  return btoa(binary)
}
