/** @file A passage of code made ready: its units, the tokens of its lines, and how it is rendered. */
import type { Passage, Tokenizer } from '@lc/model'
import type { CodeParsers } from '../code/code-parsers.ts'
import type { CodeOutline, CodeUnit } from '../code/code-unit.ts'
import { type Language, languageOf } from '../code/language.ts'
import { parseUnits } from '../code/parse-units.ts'
import { type LineRange, lineText } from '../code/source-lines.ts'
import { fileTitle, lineMarkers, type OmissionStyle } from '../compressor/omission-marker.ts'
import type { RenderSource } from '../compressor/render-kept.ts'
import { decodeOutline, encodeOutline, outlineKey, type ReadOutline } from './kept-outlines.ts'

export interface CodeDocument {
  passage: Passage
  outline: CodeOutline
  /** Tokens that start in each line, in the budget's tokenizer. `[lines]` */
  lineTokens: Uint32Array
  titleTokens: number
  markerTokens: number
  source: RenderSource
}

/** A unit of one of the documents. */
export interface DocumentUnit {
  document: number
  /** Names the unit in results. */
  id: string
  unit: CodeUnit
  /** The index of its container in the list of all units, or -1. */
  parent: number
  /** What is scored: the unit's own lines, without its members. */
  text: string
  tokens: number
}

export interface ReadDocumentsOptions {
  parsers: CodeParsers | undefined
  language: Language | undefined
  omission: OmissionStyle
  tokenizer: Tokenizer
  signal?: AbortSignal | undefined
}

/** Parses passages. Titles are given only to several passages. */
export async function readDocuments(
  passages: readonly Passage[],
  options: ReadDocumentsOptions,
): Promise<CodeDocument[]> {
  const documents: CodeDocument[] = []
  const outlines = await readOutlines(passages, options)
  for (const [index, passage] of passages.entries()) {
    const { outline, lineTokens } = outlines[index]!
    const { language } = outline
    const title = passages.length > 1 ? fileTitle(passage.source.uri, language) : ''
    const source = lineMarkers(passage.text, language, title, options.omission)
    const example = source.marker({ start: 0, end: passage.text.length })
    documents.push({
      passage,
      outline,
      lineTokens,
      titleTokens: title === '' ? 0 : options.tokenizer.count(title),
      markerTokens: example === '' ? 0 : options.tokenizer.count(example),
      source,
    })
  }
  return documents
}

/** Outlines from where the parsers keep them, the rest made and kept there. */
async function readOutlines(passages: readonly Passage[], options: ReadDocumentsOptions): Promise<ReadOutline[]> {
  const { parsers, tokenizer, signal } = options
  const store = parsers?.outlines
  const languages = passages.map(({ text, source }) => options.language ?? languageOf(source.uri, text))
  const keys = store
    ? passages.map(({ text }, index) => {
        const language = languages[index]!
        return outlineKey(text, { language, parsed: parsers.languages.includes(language), tokenizer: tokenizer.id })
      })
    : []
  const kept = store ? await store.get(keys, { signal }) : []
  const added = new Map<string, Uint8Array>()
  const outlines: ReadOutline[] = []
  for (const [index, { text }] of passages.entries()) {
    signal?.throwIfAborted()
    const bytes = kept[index]
    const known = bytes && decodeOutline(text, bytes)
    const read = known ?? (await readOutline(text, languages[index]!, options))
    outlines.push(read)
    if (store && !known) added.set(keys[index]!, encodeOutline(read))
  }
  if (added.size > 0) await store?.put(added, { signal })
  return outlines
}

async function readOutline(text: string, language: Language, options: ReadDocumentsOptions): Promise<ReadOutline> {
  const outline = await parseUnits(text, language, options.parsers)
  return { outline, lineTokens: tokensOfLines(outline, options.tokenizer) }
}

function tokensOfLines(outline: CodeOutline, tokenizer: Tokenizer): Uint32Array {
  const { lines } = outline
  const tokens = new Uint32Array(lines.count)
  let line = 0
  for (const { start } of tokenizer.encode(lines.text).spans) {
    while (line + 1 < lines.count && lines.starts[line + 1]! <= start) line++
    if (line < lines.count) tokens[line]!++
  }
  return tokens
}

/** The units of all documents, in order; containers before their members. */
export function unitsOf(documents: readonly CodeDocument[]): DocumentUnit[] {
  const units: DocumentUnit[] = []
  documents.forEach((document, index) => {
    const base = units.length
    document.outline.units.forEach((unit, number) => {
      const { lines, closer, parent } = unit
      units.push({
        document: index,
        id: `${document.passage.id}#${number}`,
        unit,
        parent: parent < 0 ? -1 : base + parent,
        text: lineText(document.outline.lines, lines.from, lines.to),
        tokens: sumTokens(document, lines) + (closer ? sumTokens(document, closer) : 0),
      })
    })
  })
  return units
}

/** Tokens of a range of lines, about. */
export function sumTokens(document: CodeDocument, range: LineRange): number {
  let sum = 0
  for (let line = range.from; line < range.to; line++) sum += document.lineTokens[line]!
  return sum
}
