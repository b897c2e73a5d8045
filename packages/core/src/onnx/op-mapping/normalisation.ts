import type { NormalisationOps } from '../../graph/op-attributes/normalisation.ts'
import type { GraphNode } from '../../graph/value.ts'
import { contribDomain, type EncodeScope } from '../encode-scope.ts'
import { float, integer, type OnnxRules, withAttributes } from './rule.ts'

/** Output 0 is the norm, 3 the sum; mean and deviation are not asked for. */
const skipNorm =
  (type: string) =>
  (
    node: GraphNode<'skipLayerNormalization'> | GraphNode<'skipSimplifiedLayerNormalization'>,
    scope: EncodeScope,
  ): void => {
    const inputs = node.inputs.map((input) => scope.nameOf(input))
    const [output, sum] = node.outputs.map((value) => scope.nameOf(value))
    scope.emit(type, inputs, [output!, '', '', sum!], { epsilon: float(node.attributes.epsilon) }, contribDomain)
  }

/** Normalisations as ONNX operators. The runtime registers SimplifiedLayerNormalization in the default domain. */
export const normalisationOnnx = {
  layerNormalization: withAttributes('LayerNormalization', ({ axis, epsilon }) => ({
    axis: integer(axis),
    epsilon: float(epsilon),
  })),
  simplifiedLayerNormalization: withAttributes('SimplifiedLayerNormalization', ({ axis, epsilon }) => ({
    axis: integer(axis),
    epsilon: float(epsilon),
  })),
  skipSimplifiedLayerNormalization: skipNorm('SkipSimplifiedLayerNormalization'),
  skipLayerNormalization: skipNorm('SkipLayerNormalization'),
} satisfies Pick<OnnxRules, keyof NormalisationOps>
