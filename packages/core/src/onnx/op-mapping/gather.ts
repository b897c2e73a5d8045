import type { GatherOps } from '../../graph/op-attributes/gather.ts'
import { integer, type OnnxRules, withAttributes } from './rule.ts'

/** Gathers and scatters as ONNX operators. */
export const gatherOnnx = {
  gather: withAttributes('Gather', ({ axis }) => ({ axis: integer(axis) })),
  gatherElements: withAttributes('GatherElements', ({ axis }) => ({ axis: integer(axis) })),
  gatherNd: withAttributes('GatherND', ({ batchDims }) => ({ batch_dims: integer(batchDims) })),
  scatterElements: withAttributes('ScatterElements', ({ axis, reduction }) => ({
    axis: integer(axis),
    reduction: { string: reduction },
  })),
  scatterNd: withAttributes('ScatterND', ({ reduction }) => ({ reduction: { string: reduction } })),
} satisfies Pick<OnnxRules, keyof GatherOps>
