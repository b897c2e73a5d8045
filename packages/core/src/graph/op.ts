import type { AttentionOps } from './op-attributes/attention.ts'
import type { ElementwiseOps } from './op-attributes/elementwise.ts'
import type { GatherOps } from './op-attributes/gather.ts'
import type { MatmulOps } from './op-attributes/matmul.ts'
import type { MovementOps } from './op-attributes/movement.ts'
import type { NormalisationOps } from './op-attributes/normalisation.ts'
import type { QuantisedOps } from './op-attributes/quantised.ts'
import type { ReductionOps } from './op-attributes/reduction.ts'

/**
 * The one list of ops, each with its attributes. Adding an op here makes the compiler name every table that must
 * learn it: shape rules, the ONNX mapping, the reference kernels.
 */
export interface OpAttributes
  extends ElementwiseOps,
    MatmulOps,
    ReductionOps,
    MovementOps,
    GatherOps,
    NormalisationOps,
    QuantisedOps,
    AttentionOps {}

/** The name of an op. */
export type OpName = keyof OpAttributes
