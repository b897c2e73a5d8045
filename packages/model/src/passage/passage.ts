import type { JsonValue } from '../capability/json-value.ts'
import type { SpanLink } from '../text/span-link.ts'

/** Where a text came from: a file path, a URL, `message:3`. */
export interface Source {
  uri: string
  contentHash?: string
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
