/** @file A tokenizer as a `tokenizer.json`, whatever file it came from: what other programs read. */
import type { JsonObject, JsonValue } from '@lc/model'
import { noMerge } from './model/merge-table.ts'
import type { BpeDefinition, TokenizerDefinition } from './tokenizer-definition.ts'

/** The whole of a `tokenizer.json`. */
export function tokenizerJson(definition: TokenizerDefinition): JsonObject {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: definition.addedTokens.map((token) => ({
      id: token.id,
      content: token.content,
      single_word: token.singleWord,
      lstrip: token.stripLeft,
      rstrip: token.stripRight,
      normalized: token.normalized,
      special: token.special,
    })),
    normalizer: definition.normalizer,
    pre_tokenizer: definition.preTokenizer,
    post_processor: namedTemplate(definition.postProcessor, definition.model.vocabulary.tokens),
    decoder: definition.decoder,
    model: modelJson(definition.model),
  }
}

function modelJson(model: TokenizerDefinition['model']): JsonObject {
  const { tokens } = model.vocabulary
  if (model.type === 'Unigram')
    return {
      type: 'Unigram',
      unk_id: model.unknownId ?? null,
      vocab: tokens.map((token, id) => [token ?? '', model.scores[id] ?? 0]),
      byte_fallback: model.byteFallback,
    }
  const vocab = Object.fromEntries(model.vocabulary.ids)
  if (model.type === 'WordPiece')
    return {
      type: 'WordPiece',
      unk_token: model.unknown,
      continuing_subword_prefix: model.prefix,
      max_input_chars_per_word: model.longestWord,
      vocab,
    }
  return {
    type: 'BPE',
    dropout: null,
    unk_token: model.unknown ?? null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: model.fuseUnknown,
    byte_fallback: model.byteFallback,
    ignore_merges: model.ignoreMerges,
    vocab,
    merges: listMerges(model),
  }
}

/** The pairs that merge, earliest first: every split of every token whose parts are tokens is looked up. */
function listMerges({ vocabulary, merges }: BpeDefinition): [string, string][] {
  const found: { rank: number; pair: [string, string] }[] = []
  for (const [token, id] of vocabulary.ids)
    for (let at = 1; at < token.length; at += 1) {
      const pair: [string, string] = [token.slice(0, at), token.slice(at)]
      const left = vocabulary.ids.get(pair[0])
      const right = vocabulary.ids.get(pair[1])
      if (left === undefined || right === undefined) continue
      const rank = merges.rank(left, right)
      if (rank !== noMerge && merges.merged(left, right) === id) found.push({ rank, pair })
    }
  return found.sort((a, b) => a.rank - b.rank).map((entry) => entry.pair)
}

/** Other programs look special tokens of a template up by their text, so that is what they are named by. */
function namedTemplate(processor: JsonValue, tokens: readonly (string | undefined)[]): JsonValue {
  if (typeof processor !== 'object' || processor === null || Array.isArray(processor)) return processor
  if (Array.isArray(processor.processors))
    return { ...processor, processors: processor.processors.map((inner) => namedTemplate(inner, tokens)) }
  const table = processor.special_tokens
  if (processor.type !== 'TemplateProcessing' || typeof table !== 'object' || table === null || Array.isArray(table))
    return processor
  const names = new Map<string, string>()
  const named: JsonObject = {}
  for (const [key, entry] of Object.entries(table)) {
    const ids = (entry as JsonObject | null)?.ids
    const text = Array.isArray(ids) ? ids.map((id) => tokens[Number(id)] ?? '').join('') : key
    names.set(key, text)
    named[text] = {
      id: text,
      ids: ids ?? [],
      tokens: Array.isArray(ids) ? ids.map((id) => tokens[Number(id)] ?? '') : [],
    }
  }
  const rename = (pieces: JsonValue | undefined): JsonValue =>
    Array.isArray(pieces)
      ? pieces.map((piece) => {
          const special = (piece as JsonObject | null)?.SpecialToken as JsonObject | undefined
          return special ? { SpecialToken: { ...special, id: names.get(String(special.id)) ?? special.id! } } : piece
        })
      : (pieces ?? null)
  return { ...processor, single: rename(processor.single), pair: rename(processor.pair), special_tokens: named }
}
