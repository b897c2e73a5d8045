/** @file Outlines of texts and the tokens of their lines, kept between calls under what they depend on. */
import { contentHash } from '@lc/model'
import type { CodeOutline } from '../code/code-unit.ts'
import type { Language } from '../code/language.ts'

/** Changes with how units, borders or lines are found. */
const version = 1

/** A parsed text and how many tokens start in each of its lines. */
export interface ReadOutline {
  outline: CodeOutline
  lineTokens: Uint32Array
}

/** The key of a text's outline. `parsed`: whether a parser of its language was there. */
export function outlineKey(text: string, origin: { language: Language; parsed: boolean; tokenizer: string }): string {
  const { language, parsed, tokenizer } = origin
  return contentHash({ json: ['outline', version, language, parsed, tokenizer, contentHash(text)] })
}

export function encodeOutline({ outline, lineTokens }: ReadOutline): Uint8Array {
  const { language, parsedBy, lines, units, borders } = outline
  const kept = { language, parsedBy, starts: [...lines.starts], units, borders: [...borders], tokens: [...lineTokens] }
  return new TextEncoder().encode(JSON.stringify(kept))
}

/** The outline of a text that was encoded; undefined for bytes that do not fit it. */
export function decodeOutline(text: string, bytes: Uint8Array): ReadOutline | undefined {
  const kept = parsedJson(bytes) as (Omit<CodeOutline, 'lines' | 'borders'> & Record<string, number[]>) | undefined
  if (kept?.starts?.at(-1) !== text.length || !Array.isArray(kept.units)) return undefined
  const starts = Uint32Array.from(kept.starts)
  const { language, parsedBy, units } = kept
  const lines = { text, count: starts.length - 1, starts }
  if (kept.borders?.length !== lines.count || kept.tokens?.length !== lines.count) return undefined
  return {
    outline: { language, parsedBy, lines, units, borders: Uint8Array.from(kept.borders) },
    lineTokens: Uint32Array.from(kept.tokens),
  }
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
