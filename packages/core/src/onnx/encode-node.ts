import { ProtobufWriter } from './protobuf-writer.ts'

/** The value of an attribute. A number must say whether it is an integer or a float. */
export type AttributeValue =
  | { readonly integer: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly integers: readonly number[] }

/** An ONNX node before encoding. */
export interface OnnxNode {
  readonly type: string
  readonly domain: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>
}

const utf8 = new TextEncoder()

/** Encodes a `NodeProto`. */
export function encodeNode(node: OnnxNode): Uint8Array {
  const writer = new ProtobufWriter()
  for (const input of node.inputs) writer.string(1, input)
  for (const output of node.outputs) writer.string(2, output)
  writer.string(3, node.name).string(4, node.type)
  for (const [name, value] of Object.entries(node.attributes))
    if (value !== undefined) writer.message(5, (attribute) => writeAttribute(attribute, name, value))
  if (node.domain !== '') writer.string(7, node.domain)
  return writer.finish()
}

function writeAttribute(writer: ProtobufWriter, name: string, value: AttributeValue): void {
  writer.string(1, name)
  if ('integer' in value) writer.integer(3, value.integer).integer(20, 2)
  else if ('float' in value) writer.float(2, value.float).integer(20, 1)
  else if ('string' in value) writer.bytes(4, utf8.encode(value.string)).integer(20, 3)
  else {
    for (const integer of value.integers) writer.integer(8, integer)
    writer.integer(20, 7)
  }
}
