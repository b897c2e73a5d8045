import type { JsonValue } from '../capability/json-value.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'
import type { Passage } from './passage.ts'

/** Where a text came from, and what is known of it. */
export interface MakePassageOptions {
  /** Where the text came from: a file path, a URL, `message:3`. */
  uri: string
  /** Where the text starts in its source. Defaults to 0. */
  start?: number
  /** Defaults to `uri#start-end`. */
  id?: string
  contentHash?: string
  tokens?: number
  score?: number
  metadata?: Record<string, JsonValue>
}

/** A passage that shows a stretch of its source unchanged. */
export function makePassage(text: string, options: MakePassageOptions): Passage {
  const { uri, start = 0, contentHash, tokens, score, metadata } = options
  checkArgument(uri !== '', 'uri', uri, 'a non-empty string')
  checkInteger(start, 'start', { min: 0 })
  const end = start + text.length
  return {
    id: options.id ?? `${uri}#${start}-${end}`,
    text,
    source: { uri, ...(contentHash === undefined ? {} : { contentHash }) },
    spans: text === '' ? [] : [{ output: { start: 0, end: text.length }, source: { start, end } }],
    ...(tokens === undefined ? {} : { tokens }),
    ...(score === undefined ? {} : { score }),
    ...(metadata === undefined ? {} : { metadata }),
  }
}
