import type { OpName } from '../graph/op.ts'
import type { GraphNode } from '../graph/value.ts'
import type { EncodeScope } from './encode-scope.ts'
import { attentionOnnx } from './op-mapping/attention.ts'
import { elementwiseOnnx } from './op-mapping/elementwise.ts'
import { gatherOnnx } from './op-mapping/gather.ts'
import { matmulOnnx } from './op-mapping/matmul.ts'
import { movementOnnx } from './op-mapping/movement.ts'
import { normalisationOnnx } from './op-mapping/normalisation.ts'
import { quantisedOnnx } from './op-mapping/quantised.ts'
import { reductionOnnx } from './op-mapping/reduction.ts'
import type { OnnxRule, OnnxRules } from './op-mapping/rule.ts'

const onnxRules: OnnxRules = {
  ...elementwiseOnnx,
  ...matmulOnnx,
  ...reductionOnnx,
  ...movementOnnx,
  ...gatherOnnx,
  ...normalisationOnnx,
  ...quantisedOnnx,
  ...attentionOnnx,
}

/** Writes the ONNX nodes of one node of a graph. */
export function mapNode(node: GraphNode, scope: EncodeScope): void {
  const rule = onnxRules[node.op] as OnnxRule<OpName>
  rule(node, scope)
}
