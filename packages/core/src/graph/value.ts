import type { Shape } from './dimension.ts'
import type { DType, TensorData } from './dtype.ts'
import type { OpAttributes, OpName } from './op.ts'

/** Element type and sizes. */
export interface TensorType {
  readonly dtype: DType
  readonly shape: Shape
}

/** A tensor of a graph: an input, a weight, a constant, or the output of an op. */
export interface Value extends TensorType {
  readonly graph: GraphScope
  /** Unique within its graph, ascending in the order of making. */
  readonly id: number
}

/** One use of an op. `inputs` may have gaps where an optional operand is absent. */
export interface GraphNode<K extends OpName = OpName> {
  readonly op: K
  readonly inputs: readonly (Value | undefined)[]
  readonly attributes: OpAttributes[K]
  readonly outputs: readonly Value[]
}

/** What the functions of ops need of a graph; `Graph` is it. */
export interface GraphScope {
  readonly name: string
  /** A tensor that is part of the graph. A number becomes a scalar. */
  constant(data: TensorData | number, shape?: readonly number[], dtype?: DType): Value
  /** Adds a node whose output types are already known; used by the functions of ops. */
  addNode<K extends OpName>(
    op: K,
    inputs: readonly (Value | undefined)[],
    attributes: OpAttributes[K],
    outputs: readonly TensorType[],
  ): readonly Value[]
}
