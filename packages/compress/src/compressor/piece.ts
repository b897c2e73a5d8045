import type { Span } from '@lc/model'

/** A smallest thing that is kept or dropped. The pieces of a passage do not overlap; what is in none is dropped. */
export interface Piece extends Span {
  passage: number
  /** Higher is kept first; NaN, for what was not valued, last. */
  value: number
  /** Comes before the value: the higher tier is kept first. Defaults to 0. */
  tier?: number
  /** 0, or how late it is given up among protected pieces. */
  protection: number
}
