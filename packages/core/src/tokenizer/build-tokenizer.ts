/** @file A working tokenizer from its definition. */
import type { EncodeOptions, Encoding, JsonValue, Span } from '@lc/model'
import { FileFormatError } from '../errors/file-format-error.ts'
import { type AddedToken, AddedTokenFinder } from './added-tokens.ts'
import { Component } from './component.ts'
import type { LocalTokenizer, PairEncoding, SpecialTokens, StreamDecoder } from './local-tokenizer.ts'
import { BpeModel } from './model/bpe-model.ts'
import type { TokenModel } from './model/token-model.ts'
import { CountingSink, EncodingSink, type TokenSink } from './model/token-sink.ts'
import { UnigramModel } from './model/unigram-model.ts'
import { WordPieceModel } from './model/word-piece-model.ts'
import { buildNormalizer, type Normalizer } from './normalize/build-normalizer.ts'
import { buildPostProcessor, type PostProcessor, type TemplatePart } from './post-processor.ts'
import { buildPreTokenizer, type PreTokenizer } from './split/build-splitter.ts'
import { withWordBoundaries } from './split/word-boundary-splitter.ts'
import { createStreamDecoder } from './stream-decoder.ts'
import { type AlignedText, originOf, plainText, sliceAligned } from './text/aligned-text.ts'
import { byteLetters } from './text/byte-alphabet.ts'
import { buildTokenDecoder, decodeTokens, type TokenDecoder } from './token-decoder.ts'
import type { TokenizerDefinition } from './tokenizer-definition.ts'
import { vocabularyId } from './vocabulary-id.ts'

/** The parts of a tokenizer, ready to run. */
interface Parts {
  readonly definition: TokenizerDefinition
  readonly addedIds: ReadonlyMap<string, number>
  readonly contents: ReadonlyMap<number, string>
  readonly specialIds: ReadonlySet<number>
  /** Finders of tokens in the given text and in the normalised text. */
  readonly given: AddedTokenFinder
  readonly normalised: AddedTokenFinder
  /** The same without special tokens, for text that is to be taken literally. */
  readonly plainGiven: AddedTokenFinder
  readonly plainNormalised: AddedTokenFinder
  readonly normalizer: Normalizer | undefined
  readonly preTokenizer: PreTokenizer | undefined
  readonly model: TokenModel
  readonly postProcessor: PostProcessor
  readonly decoder: TokenDecoder
}

/**
 * Builds a tokenizer.
 *
 * @throws FileFormatError when a part is of a kind that lc does not have or does not fit the vocabulary.
 */
export function buildTokenizer(definition: TokenizerDefinition): LocalTokenizer {
  const { file, addedTokens } = definition
  const component = (where: string, value: JsonValue): Component | undefined =>
    value === null ? undefined : new Component(file, where, value)
  const normalizer = component('normalizer', definition.normalizer)
  const preTokenizer = component('pre_tokenizer', definition.preTokenizer)
  const plain = addedTokens.filter((token) => !token.special)
  const finder = (tokens: readonly AddedToken[], normalized: boolean): AddedTokenFinder =>
    new AddedTokenFinder(tokens.filter((token) => token.normalized === normalized))
  const split = preTokenizer && buildPreTokenizer(preTokenizer)
  const parts: Parts = {
    definition,
    addedIds: new Map(addedTokens.map((token) => [token.content, token.id])),
    contents: new Map(addedTokens.map((token) => [token.id, token.content])),
    specialIds: new Set(addedTokens.filter((token) => token.special).map((token) => token.id)),
    given: finder(addedTokens, false),
    normalised: finder(addedTokens, true),
    plainGiven: finder(plain, false),
    plainNormalised: finder(plain, true),
    normalizer: normalizer && buildNormalizer(normalizer),
    preTokenizer: split?.byteLevel ? split : withWordBoundaries(split, definition),
    model: buildModel(definition, split?.byteLevel ?? false),
    postProcessor: buildPostProcessor(file, definition.postProcessor),
    decoder: buildTokenDecoder(component('decoder', definition.decoder)),
  }
  return new DefinedTokenizer(parts)
}

function buildModel(definition: TokenizerDefinition, byteLevel: boolean): TokenModel {
  const { model, file, addedTokens } = definition
  const ids = new Map(model.vocabulary.ids)
  const idOf = (token: string | undefined): number | undefined => (token === undefined ? undefined : ids.get(token))
  const unknown = model.type === 'Unigram' ? undefined : idOf(model.unknown)
  // the strings of special tokens are ordinary text to the model: only the finders know them
  for (const token of addedTokens) if (token.special) ids.delete(token.content)
  const vocabulary = { tokens: model.vocabulary.tokens, ids }
  if (model.type === 'Unigram') return new UnigramModel({ ...model, vocabulary, unknownId: model.unknownId })
  if (model.type === 'WordPiece') {
    if (unknown === undefined)
      throw new FileFormatError({
        file,
        format: 'tokenizer.json',
        problem: `the unknown token ${model.unknown} is not in the vocabulary`,
      })
    return new WordPieceModel({ ...model, vocabulary, unknownId: unknown })
  }
  model.merges.forbid(new Set(addedTokens.filter((token) => token.special).map((token) => token.id)))
  return new BpeModel({ ...model, vocabulary, unknownId: unknown, byteLetters: byteLevel ? byteLetters : undefined })
}

type Mode = 'none' | 'rendered'

class DefinedTokenizer implements LocalTokenizer {
  readonly special: SpecialTokens
  readonly vocabularySize: number
  readonly #parts: Parts
  #id: string | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.special = parts.definition.special
    let largest = parts.definition.model.vocabulary.tokens.length - 1
    for (const id of parts.contents.keys()) largest = Math.max(largest, id)
    this.vocabularySize = largest + 1
  }

  get id(): string {
    this.#id ??= vocabularyId(this.#parts.definition)
    return this.#id
  }

  encode(text: string, options: EncodeOptions = {}): Encoding {
    const sink = new EncodingSink()
    if (options.special !== 'model') this.#run(text, 'none', [], sink)
    else this.#template(this.#parts.postProcessor.single, [text], (part) => part, sink)
    return sink.encoding()
  }

  encodeRendered(text: string, literal: readonly Span[] = []): Encoding {
    const sink = new EncodingSink()
    this.#run(text, 'rendered', literal, sink)
    return sink.encoding()
  }

  encodePair(first: string, second: string): PairEncoding {
    const sink = new EncodingSink()
    const typeIds: number[] = []
    const sequence: number[] = []
    this.#template(
      this.#parts.postProcessor.pair,
      [first, second],
      (part) => {
        while (typeIds.length < sink.spans.length) {
          typeIds.push(part.typeId)
          sequence.push(part.sequence ?? 255)
        }
      },
      sink,
    )
    return { ...sink.encoding(), typeIds: Uint8Array.from(typeIds), sequence: Uint8Array.from(sequence) }
  }

  count(text: string): number {
    const sink = new CountingSink()
    this.#run(text, 'none', [], sink)
    return sink.count
  }

  decode(ids: ArrayLike<number>, options: { special?: 'drop' | 'keep' } = {}): string {
    const tokens: string[] = []
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!
      if (options.special !== 'keep' && this.isSpecial(id)) continue
      const token = this.tokenOf(id)
      if (token !== undefined) tokens.push(token)
    }
    return decodeTokens(this.#parts.decoder, tokens)
  }

  idOf(token: string): number | undefined {
    return this.#parts.addedIds.get(token) ?? this.#parts.definition.model.vocabulary.ids.get(token)
  }

  tokenOf(id: number): string | undefined {
    return this.#parts.contents.get(id) ?? this.#parts.definition.model.vocabulary.tokens[id]
  }

  bytesOf(id: number): Uint8Array {
    const token = this.tokenOf(id)
    return token === undefined || this.isSpecial(id) ? new Uint8Array(0) : this.#parts.decoder.bytes(token, false)
  }

  isSpecial(id: number): boolean {
    return this.#parts.specialIds.has(id)
  }

  streamDecoder(options: { special?: 'drop' | 'keep' } = {}): StreamDecoder {
    return createStreamDecoder(this.#parts.decoder, (id) =>
      options.special !== 'keep' && this.isSpecial(id) ? undefined : this.tokenOf(id),
    )
  }

  #template(
    parts: readonly TemplatePart[],
    texts: readonly string[],
    after: (part: TemplatePart) => void,
    sink: TokenSink,
  ): void {
    let at = 0
    for (const part of parts) {
      const text = part.sequence === undefined ? undefined : texts[part.sequence]
      if (text !== undefined) {
        this.#run(text, 'rendered', [], sink)
        at = text.length
      }
      for (const id of part.ids ?? []) sink.push(id, at, at)
      after(part)
    }
  }

  #run(text: string, mode: Mode, literal: readonly Span[], sink: TokenSink): void {
    const { given, plainGiven } = this.#parts
    let done = 0
    for (const { token, start, end } of (mode === 'none' ? plainGiven : given).find(text, literal)) {
      if (start > done) this.#normalise(plainText(text.slice(done, start), done), mode, literal, sink)
      sink.push(token.id, start, end)
      done = end
    }
    if (done < text.length) this.#normalise(plainText(text.slice(done), done), mode, literal, sink)
  }

  #normalise(piece: AlignedText, mode: Mode, literal: readonly Span[], sink: TokenSink): void {
    const { normalizer, normalised, plainNormalised } = this.#parts
    const text = normalizer ? normalizer(piece) : piece
    // what a normalizer cut off at the start counts as text before
    const first = originOf(text, 0, Math.min(1, text.text.length)).start === 0
    let done = 0
    const finder = mode === 'none' || literal.length > 0 ? plainNormalised : normalised
    for (const { token, start, end } of finder.find(text.text)) {
      if (start > done) this.#split(sliceAligned(text, done, start), first && done === 0, sink)
      const from = sliceAligned(text, start, end)
      sink.push(token.id, from.starts?.[0] ?? from.base, from.ends?.at(-1) ?? from.base + from.text.length)
      done = end
    }
    if (done < text.text.length) this.#split(sliceAligned(text, done, text.text.length), first && done === 0, sink)
  }

  #split(piece: AlignedText, first: boolean, sink: TokenSink): void {
    const { preTokenizer, model } = this.#parts
    if (!preTokenizer) model.encode(piece, sink)
    else for (const part of preTokenizer.split(piece, first)) if (part.text !== '') model.encode(part, sink)
  }
}
