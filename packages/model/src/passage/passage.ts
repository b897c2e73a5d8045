import type { JsonValue } from '../capability/json-value.ts'
import type { Span } from '../text/span.ts'

/** Where a text came from: a file path, a URL, `message:3`. */
export interface Source {
  uri: string
  contentHash?: string
}

/** A stretch of a passage's text and the stretch of its source that it shows. */
export interface SpanLink {
  output: Span
  source: Span
}

/** A piece of context that knows where it came from. */
export interface Passage {
  id: string
  text: string
  source: Source
  /** Ascending; characters of `text` that no link covers (markers) come from no source. */
  spans: SpanLink[]
  tokens?: number
  score?: number
  metadata?: Record<string, JsonValue>
}
