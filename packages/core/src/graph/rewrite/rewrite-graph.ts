/** @file Copies a graph with some of its nodes replaced. */
import { Graph } from '../graph.ts'
import type { OpAttributes, OpName } from '../op.ts'
import type { GraphNode, Value } from '../value.ts'

/**
 * Replaces a node: gets its operands in the new graph and gives its results there, or `undefined` to keep the node. A rule may
 * use the functions of ops on the operands.
 */
export type RewriteRule<K extends OpName> = (
  inputs: readonly (Value | undefined)[],
  attributes: OpAttributes[K],
  /** For each output, whether anything depends on it. Unused ones may be of another shape. */
  used: readonly boolean[],
) => readonly Value[] | undefined

/** Rules for some ops. */
export type RewriteRules = { readonly [K in OpName]?: RewriteRule<K> }

/**
 * Copies a graph, replacing nodes by rules, leaving out nodes on which no output depends, and sharing equal ones. Names and
 * types of inputs, weights and outputs stay.
 */
export function rewriteGraph(graph: Graph, rules: RewriteRules): Graph {
  const copy = new Graph(graph.name)
  const values = new Map<number, Value>()
  const known = new Map<string, readonly Value[]>()
  for (const [name, value] of graph.inputs) values.set(value.id, copy.input(name, value.dtype, value.shape))
  for (const [name, value] of graph.weights)
    values.set(value.id, copy.weight(name, value.dtype, value.shape as readonly number[]))
  const wanted = wantedValues(graph)
  for (const { value, data } of graph.constants.values())
    if (wanted.has(value.id)) values.set(value.id, copy.constant(data, value.shape as readonly number[], value.dtype))
  for (const node of graph.nodes) {
    if (!node.outputs.some((output) => wanted.has(output.id))) continue
    const inputs = node.inputs.map((input) => (input === undefined ? undefined : values.get(input.id)!))
    const key = `${node.op} ${inputs.map((input) => input?.id).join()} ${JSON.stringify(node.attributes)}`
    const used = node.outputs.map((output) => wanted.has(output.id))
    const outputs = known.get(`${key}${used}`) ?? replaced(copy, node, inputs, used, rules)
    known.set(`${key}${used}`, outputs)
    node.outputs.forEach((output, at) => {
      values.set(output.id, outputs[at]!)
    })
  }
  for (const [name, value] of graph.outputs) copy.output(name, values.get(value.id)!)
  return copy
}

function replaced(
  copy: Graph,
  node: GraphNode,
  inputs: readonly (Value | undefined)[],
  used: readonly boolean[],
  rules: RewriteRules,
): readonly Value[] {
  const rule = rules[node.op] as RewriteRule<OpName> | undefined
  return rule?.(inputs, node.attributes, used) ?? copy.addNode(node.op, inputs, node.attributes, node.outputs)
}

/** Ids of the values on which some output depends. */
function wantedValues(graph: Graph): Set<number> {
  const wanted = new Set([...graph.outputs.values()].map((value) => value.id))
  for (const node of [...graph.nodes].reverse())
    if (node.outputs.some((output) => wanted.has(output.id)))
      for (const input of node.inputs) if (input !== undefined) wanted.add(input.id)
  return wanted
}
