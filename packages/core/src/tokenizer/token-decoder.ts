/** @file From tokens back to text: what the decoders of `tokenizer.json` do, reduced to bytes per token and how they join. */
import type { Component } from './component.ts'
import { bytesOfLetters } from './text/byte-alphabet.ts'

/** How tokens become text. */
export interface TokenDecoder {
  /** The bytes of a token; `first` says that it begins the text. */
  bytes(token: string, first: boolean): Uint8Array
  /** Whether broken UTF-8 is replaced byte by byte (byte fall-back) instead of sequence by sequence. */
  readonly replacesEachByte: boolean
}

const encoder = new TextEncoder()

/** Steps of a decoder, gathered from the components of the file. */
interface Steps {
  byteLevel: boolean
  byteFallback: boolean
  replacements: [pattern: string, content: string][]
  /** Removed from the start of the text, at most so often. */
  strip?: { content: string; times: number }
  /** A mark that stands for a space, left out at the start of the text. */
  metaspace?: { mark: string; dropsFirst: boolean }
  wordPiece?: { prefix: string; cleanup: boolean }
  suffix?: string
}

/**
 * Builds a decoder; null joins tokens with spaces, as the format says.
 *
 * @throws FileFormatError for a kind that lc does not have.
 */
export function buildTokenDecoder(component: Component | undefined): TokenDecoder {
  const steps: Steps = { byteLevel: false, byteFallback: false, replacements: [] }
  if (component) gather(component, steps)
  return {
    replacesEachByte: steps.byteFallback,
    bytes: (token, first) => tokenBytes(steps, token, first, component !== undefined),
  }
}

const gatherers: Readonly<Record<string, (component: Component, steps: Steps) => void>> = {
  Sequence: (component, steps) => {
    for (const child of component.children('decoders')) gather(child, steps)
  },
  ByteLevel: (_, steps) => {
    steps.byteLevel = true
  },
  ByteFallback: (_, steps) => {
    steps.byteFallback = true
  },
  Fuse: () => {},
  Replace: (component, steps) => {
    const pattern = component.child('pattern')
    steps.replacements.push([pattern.string('String'), component.string('content')])
  },
  Strip: (component, steps) => {
    if (component.integer('stop', 0) !== 0) throw component.problem('strips at the end, which lc does not do')
    steps.strip = { content: component.string('content', ' '), times: component.integer('start', 0) }
  },
  Metaspace: (component, steps) => {
    const scheme = component.string('prepend_scheme', component.boolean('add_prefix_space', true) ? 'always' : 'never')
    steps.metaspace = { mark: component.text('replacement', '▁'), dropsFirst: scheme !== 'never' }
  },
  WordPiece: (component, steps) => {
    steps.wordPiece = { prefix: component.string('prefix', '##'), cleanup: component.boolean('cleanup', true) }
  },
  BPEDecoder: (component, steps) => {
    steps.suffix = component.string('suffix', '</w>')
  },
}

function gather(component: Component, steps: Steps): void {
  const read = Object.hasOwn(gatherers, component.type) ? gatherers[component.type] : undefined
  if (!read)
    throw component.problem(
      `has the unsupported type ${component.type}; supported: ${Object.keys(gatherers).join(', ')}`,
    )
  read(component, steps)
}

function tokenBytes(steps: Steps, token: string, first: boolean, joined: boolean): Uint8Array {
  if (steps.byteLevel) return bytesOfLetters(token) ?? encoder.encode(token)
  if (steps.byteFallback && isByteToken(token)) return Uint8Array.of(Number.parseInt(token.slice(3, 5), 16))
  let text = token
  for (const [pattern, content] of steps.replacements) text = text.replaceAll(pattern, content)
  if (steps.metaspace) text = withSpaces(text, steps.metaspace, first)
  if (steps.wordPiece) text = withWordStart(text, steps.wordPiece, first)
  if (steps.suffix !== undefined) text = text.replaceAll(steps.suffix, ' ')
  if (steps.strip && first) text = stripStart(text, steps.strip)
  return encoder.encode(joined || first ? text : ` ${text}`)
}

function withSpaces(text: string, { mark, dropsFirst }: { mark: string; dropsFirst: boolean }, first: boolean): string {
  const rest = first && dropsFirst && text.startsWith(mark) ? text.slice(mark.length) : text
  return rest.replaceAll(mark, ' ')
}

function withWordStart(
  text: string,
  { prefix, cleanup }: { prefix: string; cleanup: boolean },
  first: boolean,
): string {
  const spaced = first ? text : text.startsWith(prefix) ? text.slice(prefix.length) : ` ${text}`
  return cleanup ? cleanUp(spaced) : spaced
}

function stripStart(text: string, { content, times }: { content: string; times: number }): string {
  let rest = text
  for (let i = 0; i < times && content !== '' && rest.startsWith(content); i++) rest = rest.slice(content.length)
  return rest
}

/** Takes away the spaces that WordPiece decoding leaves before signs and contractions. */
function cleanUp(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re")
}

const lossy = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/** The text of tokens. */
export function decodeTokens(decoder: TokenDecoder, tokens: readonly string[]): string {
  const pieces = tokens.map((token, i) => decoder.bytes(token, i === 0))
  if (!decoder.replacesEachByte) return lossy.decode(join(pieces))
  let text = ''
  for (let i = 0; i < pieces.length; ) {
    if (!isByteToken(tokens[i]!)) {
      text += lossy.decode(pieces[i]!)
      i++
      continue
    }
    const from = i
    while (i < pieces.length && isByteToken(tokens[i]!)) i++
    text += decodeBytesOrReplace(join(pieces.slice(from, i)))
  }
  return text
}

function isByteToken(token: string): boolean {
  return token.length === 6 && /^<0x[0-9A-F]{2}>$/.test(token)
}

function decodeBytesOrReplace(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    return '\ufffd'.repeat(bytes.length)
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const piece of pieces) length += piece.length
  const out = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}
