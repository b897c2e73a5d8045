/** @file The slow exact interpreter: the oracle by which every device is judged. */
import { checkArgument } from '@lc/model/check'
import { ShapeError } from '../../errors/shape-error.ts'
import { type Dimension, evaluateDimension, formatShape, isSymbol } from '../dimension.ts'
import { allocate, type DType, type TensorData } from '../dtype.ts'
import type { Graph } from '../graph.ts'
import { bfloat16ToNumber, halfToNumber, numberToBfloat16, numberToHalf } from '../half.ts'
import type { OpAttributes, OpName } from '../op.ts'
import type { GraphNode, Value } from '../value.ts'
import { countOf, type ReferenceTensor } from './kernel.ts'
import { kernelOf } from './kernels.ts'

/** A tensor in JavaScript memory. */
export interface PlainTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TensorData
}

/** Elements as float64. */
export function toReference({ dtype, shape, data }: PlainTensor): ReferenceTensor {
  const decode = dtype === 'float16' ? halfToNumber : dtype === 'bfloat16' ? bfloat16ToNumber : Number
  return { dtype, shape, data: Float64Array.from({ length: data.length }, (_, at) => decode(Number(data[at]!))) }
}

/** float64 as the type that a tensor stands for. */
export function fromReference({ dtype, shape, data }: ReferenceTensor): PlainTensor {
  const encode = dtype === 'float16' ? numberToHalf : dtype === 'bfloat16' ? numberToBfloat16 : Number
  const result = allocate(dtype, data.length)
  data.forEach((value, at) => {
    if (result instanceof BigInt64Array) result[at] = BigInt(Math.round(value))
    else result[at] = encode(value)
  })
  return { dtype, shape, data: result }
}

/**
 * Evaluates a graph in float64, node by node. `feeds` holds inputs and weights by name. Meant for tests and small graphs.
 *
 * @throws ShapeError where sizes of feeds and results do not fit the symbolic ones.
 */
export function evaluateGraph(
  graph: Graph,
  feeds: Readonly<Record<string, PlainTensor>>,
): Record<string, ReferenceTensor> {
  const sizes = new Map<string, number>()
  const values = new Map<number, ReferenceTensor>()
  for (const [name, value] of [...graph.inputs, ...graph.weights]) {
    const feed = feeds[name]
    checkArgument(feed !== undefined && feed.dtype === value.dtype, `feeds.${name}`, feed, `a ${value.dtype} tensor`)
    checkArgument(
      countOf(feed.shape) === feed.data.length,
      `feeds.${name}`,
      feed.data,
      'as many elements as the shape says',
    )
    bindSizes(name, value, feed.shape, sizes)
    values.set(value.id, toReference(feed))
  }
  for (const { value, data } of graph.constants.values())
    values.set(value.id, toReference({ dtype: value.dtype, shape: value.shape as readonly number[], data }))
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => (input === undefined ? undefined : values.get(input.id)))
    const outputs = kernelOf(node.op)(inputs, knownAttributes(node, sizes))
    node.outputs.forEach((output, at) => {
      bindSizes(node.op, output, outputs[at]!.shape, sizes)
      values.set(output.id, outputs[at]!)
    })
  }
  return Object.fromEntries([...graph.outputs].map(([name, value]) => [name, values.get(value.id)!]))
}

/** Gives names their values, and checks sizes that are already determined. */
function bindSizes(what: string, value: Value, shape: readonly number[], sizes: Map<string, number>): void {
  const fits = shape.length === value.shape.length
  const wrong = value.shape.some((size, axis) => {
    if (isSymbol(size) && !sizes.has(size)) sizes.set(size, shape[axis]!)
    const expected = evaluateDimension(size, sizes)
    return expected !== undefined && expected !== shape[axis]
  })
  if (fits && !wrong) return
  throw new ShapeError({
    op: what,
    shapes: [`[${shape.join(', ')}]`],
    rule: `the shape must be ${formatShape(value.shape)}`,
  })
}

/** Attributes that hold a shape, with its names replaced by their values. */
function knownAttributes(node: GraphNode, sizes: ReadonlyMap<string, number>): OpAttributes[OpName] {
  if (!('shape' in node.attributes)) return node.attributes
  const shape = (node.attributes.shape as readonly Dimension[]).map((size) => evaluateDimension(size, sizes) ?? size)
  return { ...node.attributes, shape }
}
