/** @file A graph as an ONNX model (onnx.proto, IR version 10). */
import { checkArgument } from '@lc/model/check'
import { bytesPerElement, type DType } from '../graph/dtype.ts'
import type { Graph } from '../graph/graph.ts'
import type { TensorType, Value } from '../graph/value.ts'
import { contribDomain, EncodeScope } from './encode-scope.ts'
import { checkExternalLocation, type ExternalLocation } from './external-data.ts'
import { mapNode } from './op-mapping.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { bytesOf, onnxDType, writeTensor } from './tensor-data.ts'

const irVersion = 10

/** Options of `encodeModel`. */
export interface EncodeModelOptions {
  /** The bytes of each weight, or where they lie outside the model. */
  readonly weights?: ReadonlyMap<string, Uint8Array | ExternalLocation>
  /** Version of the default operator set. Defaults to the lowest >= 21 that has every operator used. */
  readonly opset?: number
}

/**
 * Encodes a graph as the bytes of an ONNX model. Inputs, weights and outputs keep their names.
 * @throws InvalidArgumentError where a weight is missing or has another size than the graph says.
 */
export function encodeModel(graph: Graph, options: EncodeModelOptions = {}): Uint8Array {
  const { names, aliases } = nameValues(graph)
  const scope = new EncodeScope(graph, names)
  for (const node of graph.nodes) mapNode(node, scope)
  for (const [name, value] of aliases) scope.emit('Identity', [scope.nameOf(value)], [name])
  const opset = options.opset ?? scope.opset
  checkArgument(opset >= scope.opset, 'opset', opset, `an operator set >= ${scope.opset}, which has all operators used`)
  return new ProtobufWriter()
    .integer(1, irVersion)
    .string(2, 'lc')
    .message(7, (writer) => writeGraph(writer, graph, scope, options.weights ?? new Map()))
    .message(8, (writer) => writer.string(1, '').integer(2, opset))
    .message(8, (writer) => writer.string(1, contribDomain).integer(2, 1))
    .finish()
}

/** Names of all values; results that are also something else get a copy under their name. */
function nameValues(graph: Graph): { names: Map<number, string>; aliases: Map<string, Value> } {
  const names = new Map<number, string>()
  for (const [name, value] of [...graph.inputs, ...graph.weights]) names.set(value.id, name)
  for (const id of graph.constants.keys()) names.set(id, `#c${id}`)
  const aliases = new Map<string, Value>()
  for (const [name, value] of graph.outputs) {
    if (names.has(value.id)) aliases.set(name, value)
    else names.set(value.id, name)
  }
  for (const node of graph.nodes)
    for (const output of node.outputs) if (!names.has(output.id)) names.set(output.id, `#v${output.id}`)
  return { names, aliases }
}

function writeGraph(
  writer: ProtobufWriter,
  graph: Graph,
  scope: EncodeScope,
  weights: ReadonlyMap<string, Uint8Array | ExternalLocation>,
): void {
  for (const node of scope.nodes) writer.bytes(1, node)
  writer.string(2, graph.name)
  for (const tensor of scope.inlineTensors.values()) writer.message(5, (inner) => writeTensor(inner, tensor))
  for (const { value, data } of graph.constants.values())
    writer.message(5, (inner) =>
      writeTensor(inner, { name: scope.nameOf(value), ...knownType(value), content: bytesOf(data) }),
    )
  for (const [name, value] of graph.weights) {
    const content = weights.get(name)
    checkArgument(content !== undefined, `weights.${name}`, content, 'given, as the graph declares it')
    checkSize(name, knownType(value), content)
    writer.message(5, (inner) => writeTensor(inner, { name, ...knownType(value), content }))
  }
  for (const [name, value] of graph.inputs) writer.message(11, (inner) => writeValueInfo(inner, name, value))
  for (const [name, value] of graph.outputs) writer.message(12, (inner) => writeValueInfo(inner, name, value))
}

function knownType(value: Value): { dtype: DType; shape: readonly number[] } {
  return { dtype: value.dtype, shape: value.shape as readonly number[] }
}

function checkSize(
  name: string,
  type: { readonly dtype: DType; readonly shape: readonly number[] },
  content: Uint8Array | ExternalLocation,
): void {
  const expected = type.shape.reduce((product, size) => product * size, bytesPerElement(type.dtype))
  if (content instanceof Uint8Array)
    checkArgument(content.byteLength === expected, `weights.${name}`, content, `${expected} bytes, as its shape says`)
  else checkExternalLocation(name, content, expected)
}

function writeValueInfo(writer: ProtobufWriter, name: string, type: TensorType): void {
  writer.string(1, name).message(2, (typeProto) =>
    typeProto.message(1, (tensor) =>
      tensor.integer(1, onnxDType[type.dtype]).message(2, (shape) => {
        for (const size of type.shape)
          shape.message(1, (dimension) => {
            if (typeof size === 'number') dimension.integer(1, size)
            else dimension.string(2, size)
          })
      }),
    ),
  )
}
