import type { OpAttributes, OpName } from './op.ts'
import { attentionShapes } from './shape-rules/attention.ts'
import { elementwiseShapes } from './shape-rules/elementwise.ts'
import { gatherShapes } from './shape-rules/gather.ts'
import { matmulShapes } from './shape-rules/matmul.ts'
import { movementShapes } from './shape-rules/movement.ts'
import { normalisationShapes } from './shape-rules/normalisation.ts'
import { quantisedShapes } from './shape-rules/quantised.ts'
import { reductionShapes } from './shape-rules/reduction.ts'
import type { ShapeRules } from './shape-rules/rule.ts'
import type { TensorType } from './value.ts'

const shapeRules: ShapeRules = {
  ...elementwiseShapes,
  ...matmulShapes,
  ...reductionShapes,
  ...movementShapes,
  ...gatherShapes,
  ...normalisationShapes,
  ...quantisedShapes,
  ...attentionShapes,
}

/** The types of an op's outputs. Throws `ShapeError` where the operands do not fit. */
export function inferTypes<K extends OpName>(
  op: K,
  inputs: readonly (TensorType | undefined)[],
  attributes: OpAttributes[K],
): readonly TensorType[] {
  return shapeRules[op](inputs, attributes)
}
