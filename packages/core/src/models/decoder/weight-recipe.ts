/** @file How each weight of a graph is made from the weights of a model file, as data: the graph names it, a loader makes it. */
import type { Graph } from '../../graph/graph.ts'

/** A part of a weight in another form. */
export type WeightRecipe =
  /** The float32 weight itself. */
  | { readonly kind: 'plain'; readonly source: string }
  /** Rows of several matrices, one after the other, packed without loss for `matMulNBits` (the correction transposed). */
  | {
      readonly kind: 'packed'
      readonly sources: readonly string[]
      readonly part: 'data' | 'scales' | 'correction'
      /** For sources that have no lossless packing: blocks are quantised to 8 bits. */
      readonly quantise: boolean
    }
  /** int8 `[columns, rows]` with a scale per row; `fold` is a norm weight multiplied into the columns. */
  | {
      readonly kind: 'int8'
      readonly source: string
      readonly part: 'data' | 'scales'
      readonly fold?: { readonly norm: string; readonly shifted: boolean }
      /** Which side of the matrix is rotated. */
      readonly rotate?: 'columns' | 'rows'
    }
  /** The orthogonal matrix of a rotation, `[size, size]`. */
  | { readonly kind: 'rotation'; readonly size: number }

/** Recipes by the names of a graph's weights. */
export type WeightRecipes = ReadonlyMap<string, WeightRecipe>

/** A graph, and how its weights are made. */
export interface DecoderGraph {
  readonly graph: Graph
  readonly recipes: WeightRecipes
}
