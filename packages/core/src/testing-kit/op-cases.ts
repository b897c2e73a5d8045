import type { OpCase } from './op-case.ts'
import { attentionCases } from './op-cases/attention.ts'
import { elementwiseCases } from './op-cases/elementwise.ts'
import { gatherCases } from './op-cases/gather.ts'
import { matmulCases } from './op-cases/matmul.ts'
import { movementCases } from './op-cases/movement.ts'
import { normalisationCases } from './op-cases/normalisation.ts'
import { quantisedCases } from './op-cases/quantised.ts'
import { reductionCases } from './op-cases/reduction.ts'

/** Cases of all ops, on several shapes and element types. */
export function opCases(): readonly OpCase[] {
  return [
    ...elementwiseCases(),
    ...matmulCases(),
    ...reductionCases(),
    ...movementCases(),
    ...gatherCases(),
    ...normalisationCases(),
    ...quantisedCases(),
    ...attentionCases(),
  ]
}
