/** @file What a record of a task is, and what a compressor made of it. */
import type { KeptSpan } from '@lc/compress'
import type { Passage } from '@lc/model'

/** What a compressor made of the passages; the released programs do not tell where their text came from. */
export interface Compressed {
  text: string
  tokens: number
  spans?: readonly KeptSpan[]
}

/** What is scored under the model after the compressed context: the surprise of `gold` after `ask`. */
export interface CompressionRecord {
  passages: Passage[]
  query: string
  ask?: string
  gold?: string
  /** Figures that need no model, each from 0 to 1. */
  measure: (compressed: Compressed) => Record<string, number>
}
