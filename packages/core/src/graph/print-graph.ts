import { formatShape } from './dimension.ts'
import type { Graph } from './graph.ts'
import type { TensorType, Value } from './value.ts'

/** A graph as text, one line for each input, weight, node and output. Small constants are written where they are used. */
export function printGraph(graph: Graph): string {
  const names = new Map<number, string>()
  for (const [name, value] of [...graph.inputs, ...graph.weights]) names.set(value.id, name)
  for (const { value, data } of graph.constants.values())
    names.set(value.id, data.length === 1 ? String(data[0]) : `constant ${typeText(value)}`)
  const nameOf = (value: Value | undefined): string =>
    value === undefined ? '-' : (names.get(value.id) ?? `%${value.id}`)
  const lines = [`graph ${graph.name}`]
  for (const [name, value] of graph.inputs) lines.push(`  input ${name}: ${typeText(value)}`)
  for (const [name, value] of graph.weights) lines.push(`  weight ${name}: ${typeText(value)}`)
  for (const node of graph.nodes) {
    const results = node.outputs.map((output) => `${nameOf(output)}: ${typeText(output)}`).join(', ')
    const attributes = Object.entries(node.attributes).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    lines.push(`  ${results} = ${node.op}(${[...node.inputs.map(nameOf), ...attributes].join(', ')})`)
  }
  for (const [name, value] of graph.outputs) lines.push(`  output ${name} = ${nameOf(value)}`)
  return `${lines.join('\n')}\n`
}

function typeText(type: TensorType): string {
  return `${type.dtype} ${formatShape(type.shape)}`
}
