/** @file What a mapping from an op to ONNX operators is, and the two commonest forms. */
import type { OpAttributes, OpName } from '../../graph/op.ts'
import type { GraphNode } from '../../graph/value.ts'
import type { AttributeValue } from '../encode-node.ts'
import type { EncodeScope, OnnxAttributes } from '../encode-scope.ts'

/** Writes the ONNX nodes of one op. */
export type OnnxRule<K extends OpName> = (node: GraphNode<K>, scope: EncodeScope) => void

/** One rule for each op. */
export type OnnxRules = { readonly [K in OpName]: OnnxRule<K> }

/** The operator with the same operands and no attributes. */
export function direct<K extends OpName>(type: string): OnnxRule<K> {
  return (node, scope) => scope.emitFor(node, type)
}

/** The operator with the same operands and translated attributes. */
export function withAttributes<K extends OpName>(
  type: string,
  translate: (attributes: OpAttributes[K]) => OnnxAttributes,
  domain = '',
): OnnxRule<K> {
  return (node, scope) => scope.emitFor(node, type, { attributes: translate(node.attributes), domain })
}

/** An integer attribute; booleans become 0 or 1. */
export function integer(value: number | boolean): AttributeValue {
  return { integer: Number(value) }
}

/** A float attribute. */
export function float(value: number): AttributeValue {
  return { float: value }
}
