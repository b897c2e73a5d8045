/**
 * @file SentencePiece's compiled normalisation table: a double-array trie from byte strings to replacements, applied to
 * grapheme clusters as the Rust library `spm_precompiled` does. Layout: u32 size of the trie in bytes, the trie as u32
 * units, then the replacements, each ended by a zero byte.
 */
import type { Component } from '../component.ts'
import { AlignedBuilder, type AlignedText, originOf } from '../text/aligned-text.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Builds the normalizer from the base64 table of a component. */
export function precompiledNormalizer(component: Component): (text: AlignedText) => AlignedText {
  if (!component.has('precompiled_charsmap')) return (text) => text
  const table = readTable(component)
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
  const replaced = new Map<string, string | undefined>()
  const transform = (chunk: string): string | undefined => {
    if (!replaced.has(chunk)) {
      if (replaced.size > 50_000) replaced.clear()
      replaced.set(chunk, lookUp(table, encoder.encode(chunk)))
    }
    return replaced.get(chunk)
  }
  return (aligned) => {
    const builder = new AlignedBuilder()
    for (const { segment, index } of segmenter.segment(aligned.text))
      pushGrapheme(builder, aligned, segment, index, transform)
    return builder.build()
  }
}

function pushGrapheme(
  builder: AlignedBuilder,
  aligned: AlignedText,
  grapheme: string,
  index: number,
  transform: (chunk: string) => string | undefined,
): void {
  if (grapheme.length < 6 && encoder.encode(grapheme).length < 6) {
    const whole = transform(grapheme)
    if (whole !== undefined) {
      const { start, end } = originOf(aligned, index, index + grapheme.length)
      builder.push(whole, start, end)
      return
    }
  }
  let at = index
  for (const character of grapheme) {
    const { start, end } = originOf(aligned, at, at + character.length)
    builder.push(transform(character) ?? character, start, end)
    at += character.length
  }
}

interface CharacterTable {
  readonly units: Uint32Array
  readonly replacements: Uint8Array
}

function readTable(component: Component): CharacterTable {
  const bytes = decodeBase64(component)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = bytes.length >= 4 ? view.getUint32(0, true) : -1
  if (size < 0 || size % 4 !== 0 || 4 + size > bytes.length)
    throw component.problem('has a precompiled_charsmap whose trie does not fit')
  const units = new Uint32Array(size / 4)
  for (let i = 0; i < units.length; i++) units[i] = view.getUint32(4 + 4 * i, true)
  return { units, replacements: bytes.subarray(4 + size) }
}

function decodeBase64(component: Component): Uint8Array {
  const text = component.string('precompiled_charsmap')
  let binary: string
  try {
    binary = atob(text)
  } catch (error) {
    const problem = component.problem('has a precompiled_charsmap that is not base64')
    problem.cause = error
    throw problem
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

/** The replacement of the shortest entry that the bytes begin with. */
function lookUp({ units, replacements }: CharacterTable, bytes: Uint8Array): string | undefined {
  if (units.length === 0) return undefined
  let node = offsetOf(units[0]!)
  for (const byte of bytes) {
    if (byte === 0) return undefined
    node ^= byte
    const unit = units[node]
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined
    node ^= offsetOf(unit)
    if ((unit >>> 8) & 1) return replacementAt(replacements, (units[node] ?? 0) & 0x7fffffff)
  }
  return undefined
}

function offsetOf(unit: number): number {
  return ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0
}

function replacementAt(replacements: Uint8Array, at: number): string | undefined {
  if (at >= replacements.length) return undefined
  const end = replacements.indexOf(0, at)
  return decoder.decode(replacements.subarray(at, end < 0 ? replacements.length : end))
}
