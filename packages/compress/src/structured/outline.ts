/** @file Text with a structure that must survive: parts that hang on each other, and the text of any choice of them. */
import type { Span } from '@lc/model'

/** A part that is kept or dropped as a whole, after the part that it hangs on. */
export interface OutlinePart extends Span {
  /** The index of the part that must be kept too, smaller than the own; -1 for none. */
  parent: number
  /** What it is: an element of an array, a row, a turn. */
  kind: 'root' | 'element' | 'member' | 'string' | 'header' | 'row' | 'line' | 'turn' | 'sentence'
  /** What ranks it besides its own text: the key above it. */
  label: string
  /** Its key or place. Defaults to none. */
  name?: string
}

/** A stretch of the text and the part that it belongs to. */
export interface PartSpan extends Span {
  part: number
}

/** A text cut into parts. */
export interface Outline {
  parts: OutlinePart[]
  /** The text of the kept parts, ascending. Separators between two kept parts belong to the second. */
  spansOf(isKept: (part: number) => boolean): PartSpan[]
  /** What stands for an omission; empty for nothing. */
  marker(omitted: Span): string
  /** Parts from here on are more important than all before, whatever they are about. */
  lastFrom?: number
}
