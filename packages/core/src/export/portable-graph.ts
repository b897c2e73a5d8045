import { multiplyDimensions } from '../graph/dimension.ts'
import type { Graph } from '../graph/graph.ts'
import { gemm } from '../graph/ops/matmul.ts'
import { reshape } from '../graph/ops/movement.ts'
import { rewriteGraph } from '../graph/rewrite/rewrite-graph.ts'

/**
 * The same computation in ops that both the CPU and the WebGPU provider have kernels for, since an exported file runs on either:
 * products with a transposed matrix become Gemm over all rows.
 */
export function portableGraph(graph: Graph): Graph {
  return rewriteGraph(graph, {
    fusedMatMul: ([left, right], { alpha, transposeA, transposeB }) => {
      if (transposeA || right!.shape.length !== 2 || left!.shape.length < 2) return undefined
      const outer = left!.shape.slice(0, -1)
      const rows = reshape(left!, [multiplyDimensions(...outer), left!.shape.at(-1)!])
      const product = gemm(rows, right!, { alpha, transposeB })
      return [reshape(product, [...outer, right!.shape[transposeB ? 0 : 1]!])]
    },
  })
}
