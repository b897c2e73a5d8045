/** @file Finds out by small runs what a WebGPU adapter does right; the bindings do not tell which adapter it is. */
import { Graph } from '../graph/graph.ts'
import { groupQueryAttention } from '../graph/ops/attention.ts'
import { add, cast } from '../graph/ops/elementwise.ts'
import { evaluateGraph } from '../graph/reference/evaluate.ts'
import type { Program } from './program.ts'
import type { HostTensor } from './tensor.ts'

/** Compiles for the fused kernels, whatever is known of the device. */
export type CompilePlain = (graph: Graph) => Promise<Program>

const tokens = 40
const headDim = 16

/**
 * Whether the fused attention kernel gives right results for prompts. It uses subgroup operations and errs from 32 tokens on
 * where subgroups are small, as on software adapters.
 */
export async function fusedAttentionIsRight(compile: CompilePlain): Promise<boolean> {
  const graph = new Graph('attention probe')
  const x = graph.input('x', 'float32', [1, tokens, headDim])
  const lastIndex = graph.input('last', 'int32', [1])
  const totalLength = graph.input('total', 'int32', [])
  const inputs = { query: x, key: x, value: x, lastIndex, totalLength }
  graph.output('y', groupQueryAttention(inputs, { numHeads: 1, kvHeads: 1 }).output)
  const data = Float32Array.from({ length: tokens * headDim }, (_, at) => Math.sin(at * at))
  const feeds: Record<string, HostTensor> = {
    x: { dtype: 'float32', shape: [1, tokens, headDim], data },
    last: { dtype: 'int32', shape: [1], data: Int32Array.of(tokens - 1) },
    total: { dtype: 'int32', shape: [], data: Int32Array.of(tokens) },
  }
  const program = await compile(graph)
  try {
    const { y } = await program.run(feeds, ['y'])
    const exact = evaluateGraph(graph, feeds).y!.data
    return exact.every((value, at) => Math.abs(value - Number(y!.data[at])) < 1e-3)
  } finally {
    await program.close()
  }
}

/** Whether the adapter has the feature `shader-f16`; without it float16 kernels fail when they are run, not before. */
export async function hasHalfPrecision(compile: CompilePlain): Promise<boolean> {
  const graph = new Graph('half probe')
  const half = cast(graph.input('x', 'float32', [1]), 'float16')
  graph.output('y', cast(add(half, half), 'float32'))
  const program = await compile(graph)
  try {
    const { y } = await program.run({ x: { dtype: 'float32', shape: [1], data: Float32Array.of(1.5) } }, ['y'])
    return y!.data[0] === 3
  } catch {
    // the failed run is the answer
    return false
  } finally {
    await program.close()
  }
}
