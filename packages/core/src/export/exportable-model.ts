import type { Graph } from '../graph/graph.ts'
import type { ReadWeight } from './export-weights.ts'

/**
 * How weights are stored. `float32`; `q8`: packed as in the file where that loses nothing, otherwise in blocks of 8 bits; `q4`: the
 * same, for files whose layers are of 4 bits.
 */
export type ExportDType = 'float32' | 'q8' | 'q4'

/** A graph, and its weights to be read one by one. */
export interface ExportableModel {
  readonly graph: Graph
  readonly read: ReadWeight
  /** Weights of one identity have the same bytes, and are written once. Defaults to the name. */
  readonly identity?: (name: string) => string
}
