/** @file Pre-tokenizers of `tokenizer.json`. */
import { Component } from '../component.ts'
import { type AlignedText, prependAligned, replaceAligned, sliceAligned } from '../text/aligned-text.ts'
import { translatePattern } from '../text/onig-pattern.ts'
import { matchesOf, type SplitBehavior, type Splitter, splitBehaviors, splitByPattern } from './split-text.ts'

/** A pre-tokenizer, and whether what it gives is to be read as bytes. */
export interface PreTokenizer {
  /** Splits one piece; `first` says that it begins the text. */
  split(piece: AlignedText, first: boolean): AlignedText[]
  readonly byteLevel: boolean
}

/** The splitting of GPT-2: contractions, words, numbers, signs, each with the space before it. */
const gpt2Pattern =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu
const punctuation = '!-\\/:-@[-`{-~\\p{P}'

type Build = (component: Component) => PreTokenizer

function plain(split: Splitter): PreTokenizer {
  return { split, byteLevel: false }
}

const builders: Readonly<Record<string, Build>> = {
  Sequence: (component) => sequence(component.children('pretokenizers').map(buildPreTokenizer)),
  ByteLevel: byteLevel,
  Split: splitComponent,
  Digits: (component) =>
    plain(splitByPattern(/\p{N}/gu, component.boolean('individual_digits', false) ? 'Isolated' : 'Contiguous')),
  Punctuation: (component) =>
    plain(splitByPattern(new RegExp(`[${punctuation}]`, 'gu'), behavior(component, 'Isolated'))),
  Whitespace: () =>
    plain(
      matchesOf(
        /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu,
      ),
    ),
  WhitespaceSplit: () => plain(matchesOf(/\P{White_Space}+/gu)),
  BertPreTokenizer: () => plain(matchesOf(new RegExp(`[${punctuation}]|[^${punctuation}\\p{White_Space}]+`, 'gu'))),
  CharDelimiterSplit: (component) =>
    plain(splitByPattern(new RegExp(escapePattern(component.text('delimiter')), 'gu'), 'Removed')),
  Metaspace: metaspace,
}

/**
 * Builds a pre-tokenizer.
 *
 * @throws FileFormatError for a kind or a pattern that lc does not have.
 */
export function buildPreTokenizer(component: Component): PreTokenizer {
  const build = Object.hasOwn(builders, component.type) ? builders[component.type] : undefined
  if (!build)
    throw component.problem(
      `has the unsupported type ${component.type}; supported: ${Object.keys(builders).join(', ')}`,
    )
  return build(component)
}

function sequence(parts: readonly PreTokenizer[]): PreTokenizer {
  return {
    byteLevel: parts.some((part) => part.byteLevel),
    split(piece, first) {
      let pieces: AlignedText[] = [piece]
      for (const part of parts) {
        if (pieces.length === 1) pieces = part.split(pieces[0]!, first)
        else {
          const next: AlignedText[] = []
          for (let i = 0; i < pieces.length; i++)
            for (const cut of part.split(pieces[i]!, first && i === 0)) next.push(cut)
          pieces = next
        }
      }
      return pieces
    },
  }
}

function byteLevel(component: Component): PreTokenizer {
  const prefix = component.boolean('add_prefix_space', true)
  const split = component.boolean('use_regex', true) ? splitByPattern(gpt2Pattern, 'Isolated') : undefined
  return {
    byteLevel: true,
    split(piece) {
      const text = prefix && !piece.text.startsWith(' ') ? prependAligned(piece, ' ') : piece
      return split ? split(text) : [text]
    },
  }
}

function behavior(component: Component, fallback: SplitBehavior): SplitBehavior {
  const value = component.string('behavior', fallback) as SplitBehavior
  if (!splitBehaviors.includes(value)) throw component.problem(`has the unknown behavior ${value}`)
  return value
}

function splitComponent(component: Component): PreTokenizer {
  return plain(
    splitByPattern(readPattern(component), behavior(component, 'Isolated'), component.boolean('invert', false)),
  )
}

/** The `pattern` of a component: `{ "String": ... }` or `{ "Regex": ... }`, as a global expression. */
export function readPattern(component: Component): RegExp {
  const value = component.get('pattern')
  if (typeof value === 'string') return new RegExp(escapePattern(value), 'gu')
  const pattern = new Component(component.file, `${component.where}.pattern`, value)
  if (pattern.has('String')) return new RegExp(escapePattern(pattern.string('String')), 'gu')
  const translated = translatePattern(pattern.string('Regex'))
  if ('problem' in translated)
    throw pattern.problem(`is a regular expression that lc cannot use: ${translated.problem}`)
  return new RegExp(translated.pattern, 'gu')
}

function escapePattern(text: string): string {
  return text.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&')
}

function metaspace(component: Component): PreTokenizer {
  const mark = component.text('replacement', '▁')
  const scheme = component.string('prepend_scheme', component.boolean('add_prefix_space', true) ? 'always' : 'never')
  if (!['always', 'never', 'first'].includes(scheme))
    throw component.problem(`has the unknown prepend_scheme ${scheme}`)
  const splits = component.boolean('split', true)
  return plainWithPlace((piece, first) => {
    let text = replaceAligned(piece, / /g, () => mark)
    if ((scheme === 'always' || (scheme === 'first' && first)) && !text.text.startsWith(mark))
      text = prependAligned(text, mark)
    return splits ? splitBefore(text, mark) : [text]
  })
}

function plainWithPlace(split: (piece: AlignedText, first: boolean) => AlignedText[]): PreTokenizer {
  return { split, byteLevel: false }
}

/** Cuts before each mark. */
export function splitBefore(piece: AlignedText, mark: string): AlignedText[] {
  const pieces: AlignedText[] = []
  let from = 0
  for (let at = piece.text.indexOf(mark, 1); at >= 0; at = piece.text.indexOf(mark, at + 1)) {
    pieces.push(sliceAligned(piece, from, at))
    from = at
  }
  if (from < piece.text.length) pieces.push(sliceAligned(piece, from, piece.text.length))
  return pieces
}
