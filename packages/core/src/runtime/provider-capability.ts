/** @file What the WebGPU provider of ONNX Runtime 1.30 has no kernels for, so that a failure can name the op. */
import type { Graph } from '../graph/graph.ts'
import type { OpName } from '../graph/op.ts'
import { formatType } from '../graph/shape-rules/rule.ts'
import type { GraphNode } from '../graph/value.ts'

const missingOnWebgpu: ReadonlySet<OpName> = new Set<OpName>([
  'modulo',
  'matMulInteger',
  'matMulIntegerToFloat',
  'quantizeLinear',
])

/** Ops that take int64 as places; everything else on int64 goes to the CPU there. */
const takesInt64: ReadonlySet<OpName> = new Set<OpName>([
  'gather',
  'gatherElements',
  'gatherNd',
  'scatterElements',
  'scatterNd',
  'topK',
  'dynamicSlice',
  'groupQueryAttention',
  'gatherBlockQuantized',
])

/** The nodes of a graph that a WebGPU session would run on the CPU, as text: `matMulInteger of uint8 [T, 8] and int8 [8, 5]`. */
export function nodesWithoutWebgpuKernel(graph: Graph): readonly string[] {
  return graph.nodes.filter(lacksKernel).map((node) => {
    const operands = node.inputs.filter((input) => input !== undefined).map(formatType)
    return `${node.op} of ${operands.join(' and ')}`
  })
}

function lacksKernel(node: GraphNode): boolean {
  const types = node.inputs.map((input) => input?.dtype)
  if (missingOnWebgpu.has(node.op) || types.includes('int8')) return true
  return types.includes('int64') && !takesInt64.has(node.op)
}
