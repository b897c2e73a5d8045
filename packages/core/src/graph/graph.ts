import { checkArgument } from '@lc/model/check'
import { type Dimension, normaliseDimension, type Shape } from './dimension.ts'
import { allocate, type DType, dtypeOf, holds, type TensorData } from './dtype.ts'
import type { OpAttributes, OpName } from './op.ts'
import type { GraphNode, GraphScope, TensorType, Value } from './value.ts'

/** A tensor that is part of a graph. */
export interface GraphConstant {
  readonly value: Value
  readonly data: TensorData
}

/**
 * A computation under construction: named inputs and weights, constants, nodes in the order of making, named outputs.
 * The functions of ops (`add`, `matMul`, ...) add nodes; a graph is never changed otherwise.
 */
export class Graph implements GraphScope {
  readonly name: string
  readonly #inputs = new Map<string, Value>()
  readonly #weights = new Map<string, Value>()
  readonly #outputs = new Map<string, Value>()
  readonly #constants = new Map<number, GraphConstant>()
  readonly #constantsByText = new Map<string, Value>()
  readonly #nodes: GraphNode[] = []
  #nextId = 0

  constructor(name: string) {
    checkArgument(typeof name === 'string' && name !== '', 'name', name, 'a non-empty string')
    this.name = name
  }

  /** Inputs in the order of declaration. */
  get inputs(): ReadonlyMap<string, Value> {
    return this.#inputs
  }

  /** Weights in the order of declaration. */
  get weights(): ReadonlyMap<string, Value> {
    return this.#weights
  }

  /** Outputs in the order of declaration. */
  get outputs(): ReadonlyMap<string, Value> {
    return this.#outputs
  }

  /** Constants by the id of their value. */
  get constants(): ReadonlyMap<number, GraphConstant> {
    return this.#constants
  }

  /** Nodes, each after those whose outputs it reads. */
  get nodes(): readonly GraphNode[] {
    return this.#nodes
  }

  /** Declares an input that is fed at each run. Symbolic sizes of the same name are equal in one run. */
  input(name: string, dtype: DType, shape: Shape): Value {
    this.#checkFreeName(name)
    const value = this.#makeValue({ dtype, shape })
    this.#inputs.set(name, value)
    return value
  }

  /** Declares a tensor whose bytes are bound when the graph is compiled. All sizes are known. */
  weight(name: string, dtype: DType, shape: readonly number[]): Value {
    this.#checkFreeName(name)
    for (const size of shape)
      checkArgument(Number.isSafeInteger(size) && size >= 0, `shape of ${name}`, size, 'whole sizes')
    const value = this.#makeValue({ dtype, shape })
    this.#weights.set(name, value)
    return value
  }

  constant(data: TensorData | number, shape?: readonly number[], dtype?: DType): Value {
    const array = typeof data === 'number' ? fillOne(data, dtype ?? 'float32') : data
    const type = dtype ?? dtypeOf(array)
    const sizes = shape ?? (typeof data === 'number' ? [] : [array.length])
    checkArgument(holds(type, array), 'data', data, `an array that holds ${type}`)
    const count = sizes.reduce((product, size) => product * size, 1)
    checkArgument(count === array.length, 'data', data, `${count} elements for shape [${sizes.join(', ')}]`)
    // small constants such as axes and epsilons recur in every layer: keep one of each
    const text = array.length <= 16 ? `${type}[${sizes.join()}]${array.join()}` : undefined
    const known = text === undefined ? undefined : this.#constantsByText.get(text)
    if (known) return known
    const value = this.#makeValue({ dtype: type, shape: sizes })
    this.#constants.set(value.id, { value, data: array })
    if (text !== undefined) this.#constantsByText.set(text, value)
    return value
  }

  /** Names a value as a result. The same value may have several names. */
  output(name: string, value: Value): void {
    this.#checkFreeName(name)
    checkArgument(value.graph === this, 'value', value, `a value of the graph ${this.name}`)
    this.#outputs.set(name, value)
  }

  addNode<K extends OpName>(
    op: K,
    inputs: readonly (Value | undefined)[],
    attributes: OpAttributes[K],
    outputs: readonly TensorType[],
  ): readonly Value[] {
    for (const input of inputs)
      checkArgument(
        input === undefined || input.graph === this,
        `operand of ${op}`,
        input,
        `a value of the graph ${this.name}`,
      )
    const values = outputs.map((type) => this.#makeValue(type))
    this.#nodes.push({ op, inputs, attributes, outputs: values })
    return values
  }

  #makeValue(type: TensorType): Value {
    const shape: readonly Dimension[] = type.shape.map(normaliseDimension)
    const value: Value = Object.freeze({ graph: this, id: this.#nextId, dtype: type.dtype, shape })
    this.#nextId += 1
    return value
  }

  #checkFreeName(name: string): void {
    const taken = this.#inputs.has(name) || this.#weights.has(name) || this.#outputs.has(name)
    // names that begin with # are those of intermediate results in encoded models
    const fits = typeof name === 'string' && name !== '' && !name.startsWith('#')
    checkArgument(fits && !taken, 'name', name, `a name not yet used in ${this.name} that does not begin with #`)
  }
}

function fillOne(value: number, dtype: DType): TensorData {
  checkArgument(
    dtype !== 'float16' && dtype !== 'bfloat16',
    'dtype',
    dtype,
    'a type with plain numbers; cast the constant instead',
  )
  const array = allocate(dtype, 1)
  if (array instanceof BigInt64Array) array[0] = BigInt(value)
  else array[0] = value
  return array
}
