/** @file What a mapping rule uses to write the ONNX nodes of one op. */
import { ShapeError } from '../errors/shape-error.ts'
import { type Dimension, sameDimension } from '../graph/dimension.ts'
import type { DType } from '../graph/dtype.ts'
import type { Graph } from '../graph/graph.ts'
import type { OpName } from '../graph/op.ts'
import type { GraphNode, Value } from '../graph/value.ts'
import { type AttributeValue, encodeNode } from './encode-node.ts'
import { bytesOf, scalarOf } from './tensor-data.ts'

/** A small tensor inside the model. */
export interface InlineTensor {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly content: Uint8Array
}

/** Attributes of an ONNX node by name; those that are `undefined` are left out. */
export type OnnxAttributes = Readonly<Record<string, AttributeValue | undefined>>

/** The operator set of the operators that ONNX Runtime adds. */
export const contribDomain = 'com.microsoft'

/** Collects the nodes and small constants of a model. */
export class EncodeScope {
  readonly nodes: Uint8Array[] = []
  readonly inlineTensors = new Map<string, InlineTensor>()
  readonly #graph: Graph
  readonly #names: ReadonlyMap<number, string>
  #temporaries = 0
  #opset = 21

  constructor(graph: Graph, names: ReadonlyMap<number, string>) {
    this.#graph = graph
    this.#names = names
  }

  /** The lowest version of the default operator set that has everything used. */
  get opset(): number {
    return this.#opset
  }

  /** Says that an operator came with a version of the default operator set. */
  requireOpset(version: number): void {
    this.#opset = Math.max(this.#opset, version)
  }

  /** The name of a value in the model, the empty string for an absent operand. */
  nameOf(value: Value | undefined): string {
    return value === undefined ? '' : this.#names.get(value.id)!
  }

  /** A fresh name for an intermediate result. */
  temporary(): string {
    this.#temporaries += 1
    return `#t${this.#temporaries}`
  }

  /** Writes a node. Trailing absent operands are dropped. */
  emit(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: OnnxAttributes = {},
    domain = '',
  ): void {
    let count = inputs.length
    while (count > 0 && inputs[count - 1] === '') count -= 1
    // profiles and messages of the runtime show this name
    const name = `${type}${this.nodes.length}`
    this.nodes.push(encodeNode({ type, domain, name, inputs: inputs.slice(0, count), outputs, attributes }))
  }

  /** Writes the node of an op whose operands and outputs are those of one operator. */
  emitFor<K extends OpName>(
    node: GraphNode<K>,
    type: string,
    options: { attributes?: OnnxAttributes; extraInputs?: readonly string[]; domain?: string } = {},
  ): void {
    const inputs = [...node.inputs.map((input) => this.nameOf(input)), ...(options.extraInputs ?? [])]
    const outputs = node.outputs.map((output) => this.nameOf(output))
    this.emit(type, inputs, outputs, options.attributes, options.domain)
  }

  /** A vector of int64, or a scalar for a single number. */
  int64(values: readonly (number | bigint)[] | number): string {
    const scalar = typeof values === 'number'
    const data = BigInt64Array.from((scalar ? [values] : values).map(BigInt))
    return this.#inline(`#i${scalar ? 's' : ''}${data.join('_')}`, 'int64', scalar ? [] : [data.length], bytesOf(data))
  }

  /** A scalar of any type. */
  scalar(dtype: DType, value: number): string {
    return this.#inline(`#${dtype}_${value}`, dtype, [], bytesOf(scalarOf(dtype, value)))
  }

  /**
   * The shape operand of Reshape or Expand. Sizes that are not known are kept from the operand's own axis where they stand,
   * read at run time from an axis of the operand or of an input, or inferred (one, in Reshape).
   */
  shapeTensor(op: 'reshape' | 'expand', x: Value, shape: readonly Dimension[]): string {
    const shift = op === 'expand' ? shape.length - x.shape.length : 0
    const kept = shape.map((size, axis) => {
      const own = x.shape[axis - shift]
      return typeof size === 'string' && own !== undefined && sameDimension(own, size)
    })
    const open = shape.filter((size, axis) => typeof size === 'string' && !kept[axis]).length
    if (open === 0 || (open === 1 && op === 'reshape')) {
      const keep = op === 'expand' ? 1 : 0
      return this.int64(shape.map((size, axis) => (typeof size === 'number' ? size : kept[axis] ? keep : -1)))
    }
    let inferred = op === 'reshape' ? 1 : 0
    const parts = shape.map((size, axis) => {
      if (typeof size === 'number') return this.int64([size])
      if (kept[axis]) return this.#shapePart(x, axis - shift)
      const known = this.#sizeAtRun(x, size)
      if (known === undefined) inferred -= 1
      if (inferred < 0) throw unknownSize(op, size)
      return known ?? this.int64([-1])
    })
    const result = this.temporary()
    this.emit('Concat', parts, [result], { axis: { integer: 0 } })
    return result
  }

  #sizeAtRun(x: Value, size: Dimension): string | undefined {
    for (const source of [x, ...this.#graph.inputs.values()]) {
      const axis = source.shape.findIndex((candidate) => sameDimension(candidate, size))
      if (axis >= 0) return this.#shapePart(source, axis)
    }
    return undefined
  }

  #shapePart(source: Value, axis: number): string {
    const result = this.temporary()
    this.emit('Shape', [this.nameOf(source)], [result], { start: { integer: axis }, end: { integer: axis + 1 } })
    return result
  }

  #inline(name: string, dtype: DType, shape: readonly number[], content: Uint8Array): string {
    if (!this.inlineTensors.has(name)) this.inlineTensors.set(name, { name, dtype, shape, content })
    return name
  }
}

function unknownSize(op: string, size: Dimension): ShapeError {
  return new ShapeError({
    op,
    shapes: [String(size)],
    rule: 'a symbolic size must be that of an axis of the operand or of an input',
  })
}
