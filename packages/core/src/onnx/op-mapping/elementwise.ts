import { isFloat } from '../../graph/dtype.ts'
import type { ElementwiseOps } from '../../graph/op-attributes/elementwise.ts'
import { contribDomain } from '../encode-scope.ts'
import { onnxDType } from '../tensor-data.ts'
import { direct, float, integer, type OnnxRules, withAttributes } from './rule.ts'

/** Elementwise ops as ONNX operators. */
export const elementwiseOnnx = {
  abs: direct('Abs'),
  negate: direct('Neg'),
  exp: direct('Exp'),
  log: direct('Log'),
  sqrt: direct('Sqrt'),
  reciprocal: direct('Reciprocal'),
  tanh: direct('Tanh'),
  sigmoid: direct('Sigmoid'),
  erf: direct('Erf'),
  relu: direct('Relu'),
  softplus: direct('Softplus'),
  floor: direct('Floor'),
  ceil: direct('Ceil'),
  round: direct('Round'),
  sign: direct('Sign'),
  sin: direct('Sin'),
  cos: direct('Cos'),
  identity: direct('Identity'),
  gelu: (node, scope) => {
    const { approximate } = node.attributes
    if (approximate === 'none') {
      scope.emitFor(node, 'Gelu', { domain: contribDomain })
      return
    }
    scope.requireOpset(20)
    scope.emitFor(node, 'Gelu', { attributes: { approximate: { string: 'tanh' } } })
  },
  quickGelu: withAttributes('QuickGelu', ({ alpha }) => ({ alpha: float(alpha) }), contribDomain),
  clip: (node, scope) => {
    const { dtype } = node.outputs[0]!
    const limit = (value: number | undefined): string => (value === undefined ? '' : scope.scalar(dtype, value))
    scope.emitFor(node, 'Clip', { extraInputs: [limit(node.attributes.min), limit(node.attributes.max)] })
  },
  cast: withAttributes('Cast', ({ to }) => ({ to: integer(onnxDType[to]) })),
  add: direct('Add'),
  subtract: direct('Sub'),
  multiply: direct('Mul'),
  divide: direct('Div'),
  power: direct('Pow'),
  modulo: (node, scope) =>
    scope.emitFor(node, 'Mod', { attributes: { fmod: integer(isFloat(node.outputs[0]!.dtype)) } }),
  shiftRight: (node, scope) =>
    scope.emitFor(node, 'BitShift', {
      extraInputs: [scope.scalar('uint8', node.attributes.bits)],
      attributes: { direction: { string: 'RIGHT' } },
    }),
  minimum: direct('Min'),
  maximum: direct('Max'),
  equal: direct('Equal'),
  less: direct('Less'),
  lessOrEqual: direct('LessOrEqual'),
  greater: direct('Greater'),
  greaterOrEqual: direct('GreaterOrEqual'),
  and: direct('And'),
  or: direct('Or'),
  not: direct('Not'),
  where: direct('Where'),
} satisfies Pick<OnnxRules, keyof ElementwiseOps>
