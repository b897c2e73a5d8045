/** @file Normalizers of `tokenizer.json`. Each keeps where its characters came from. */
import type { Component } from '../component.ts'
import { readPattern } from '../split/build-splitter.ts'
import { type AlignedText, prependAligned, replaceAligned, sliceAligned } from '../text/aligned-text.ts'
import { normalizeBert } from './bert-normalizer.ts'
import { precompiledNormalizer } from './precompiled-normalizer.ts'
import { lowercase, normalizeUnicode, stripAccents } from './unicode-normalizer.ts'

/** Changes text before it is split. */
export type Normalizer = (text: AlignedText) => AlignedText

const builders: Readonly<Record<string, (component: Component) => Normalizer>> = {
  Sequence: (component) => {
    const parts = component.children('normalizers').map(buildNormalizer)
    return (text) => parts.reduce((current, part) => part(current), text)
  },
  NFC: () => (text) => normalizeUnicode(text, 'NFC'),
  NFD: () => (text) => normalizeUnicode(text, 'NFD'),
  NFKC: () => (text) => normalizeUnicode(text, 'NFKC'),
  NFKD: () => (text) => normalizeUnicode(text, 'NFKD'),
  Lowercase: () => lowercase,
  StripAccents: () => stripAccents,
  Strip: (component) => {
    const left = component.boolean('strip_left', true)
    const right = component.boolean('strip_right', true)
    return (text) => strip(text, left, right)
  },
  Replace: (component) => {
    const pattern = readPattern(component)
    const content = component.string('content')
    return (text) => replaceAligned(text, pattern, () => content)
  },
  Prepend: (component) => {
    const content = component.string('prepend')
    return (text) => (text.text === '' ? text : prependAligned(text, content))
  },
  BertNormalizer: (component) => {
    const lower = component.boolean('lowercase', true)
    const options = {
      cleanText: component.boolean('clean_text', true),
      spaceIdeographs: component.boolean('handle_chinese_chars', true),
      stripAccents: component.boolean('strip_accents', lower),
      lowercase: lower,
    }
    return (text) => normalizeBert(text, options)
  },
  Precompiled: (component) => precompiledNormalizer(component),
  Nmt: () => normalizeNmt,
}

/**
 * Builds a normalizer.
 *
 * @throws FileFormatError for a kind that lc does not have.
 */
export function buildNormalizer(component: Component): Normalizer {
  const build = Object.hasOwn(builders, component.type) ? builders[component.type] : undefined
  if (!build)
    throw component.problem(
      `has the unsupported type ${component.type}; supported: ${Object.keys(builders).join(', ')}`,
    )
  return build(component)
}

function strip(text: AlignedText, left: boolean, right: boolean): AlignedText {
  const from = left ? (/^\p{White_Space}+/u.exec(text.text)?.[0].length ?? 0) : 0
  let to = text.text.length
  if (right) while (to > from && /\p{White_Space}/u.test(text.text[to - 1]!)) to--
  return sliceAligned(text, from, to)
}

const spacedByNmt = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g

/** SentencePiece's own cleaning: control characters go, unusual spaces become spaces. */
function normalizeNmt(text: AlignedText): AlignedText {
  const removed = replaceAligned(text, /\p{Cc}/gu, (control) => (isRemovedByNmt(control.charCodeAt(0)) ? '' : control))
  return replaceAligned(removed, spacedByNmt, () => ' ')
}

function isRemovedByNmt(code: number): boolean {
  if (code <= 0x1f) return code >= 1 && ![0x09, 0x0a, 0x0c, 0x0d].includes(code)
  return code === 0x7f || code === 0x8f || code === 0x9f
}
