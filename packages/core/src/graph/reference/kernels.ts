import type { OpName } from '../op.ts'
import { attentionReference } from './attention.ts'
import { elementwiseReference } from './elementwise.ts'
import { gatherReference } from './gather.ts'
import type { ReferenceKernel, ReferenceKernels } from './kernel.ts'
import { matmulReference } from './matmul.ts'
import { movementReference } from './movement.ts'
import { normalisationReference } from './normalisation.ts'
import { quantisedReference } from './quantised.ts'
import { reductionReference } from './reduction.ts'

const kernels: ReferenceKernels = {
  ...elementwiseReference,
  ...matmulReference,
  ...reductionReference,
  ...movementReference,
  ...gatherReference,
  ...normalisationReference,
  ...quantisedReference,
  ...attentionReference,
}

/** The reference kernel of an op. */
export function kernelOf(op: OpName): ReferenceKernel<OpName> {
  return kernels[op] as ReferenceKernel<OpName>
}

/** The names of all ops. */
export const kernelNames = Object.freeze(Object.keys(kernels)) as readonly OpName[]
