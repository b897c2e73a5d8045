/**
 * Tensor computations as data: a `Graph` with symbolic sizes, one function per op, composites over them, and a slow exact
 * interpreter.
 * @module
 */
export { type AttentionOptions, attention } from './graph/composite/attention.ts'
export { layerNorm } from './graph/composite/layer-norm.ts'
export { logProbHead } from './graph/composite/log-prob-head.ts'
export { type QuantisedCachePart, quantisedMix, quantisedScores } from './graph/composite/quantised-cache.ts'
export {
  type BlockQuantisedWeight,
  blockSums,
  int8Linear,
  type QuantisedLinearOptions,
  type QuantisedRows,
  quantisedLinear,
  quantiseRows,
} from './graph/composite/quantised-linear.ts'
export { type NormOptions, type NormResult, rmsNorm } from './graph/composite/rms-norm.ts'
export { rope } from './graph/composite/rope.ts'
export { logSumExp } from './graph/composite/softmax.ts'
export { swiglu } from './graph/composite/swiglu.ts'
export {
  addDimensions,
  type Dimension,
  divideDimensions,
  evaluateDimension,
  multiplyDimensions,
  type Shape,
  subtractDimensions,
} from './graph/dimension.ts'
export { bytesPerElement, type DType, isFloat, isInteger, type TensorData } from './graph/dtype.ts'
export { Graph, type GraphConstant } from './graph/graph.ts'
export type { OpAttributes, OpName } from './graph/op.ts'
export type { CacheScale, GroupQueryAttentionAttributes } from './graph/op-attributes/attention.ts'
export type { NoAttributes } from './graph/op-attributes/elementwise.ts'
export type { ScatterReduction } from './graph/op-attributes/gather.ts'
export type { SliceRange } from './graph/op-attributes/movement.ts'
export type { AxisAttributes, ReductionAttributes } from './graph/op-attributes/reduction.ts'
export {
  type GroupQueryAttentionInputs,
  type GroupQueryAttentionOptions,
  type GroupQueryAttentionResult,
  groupQueryAttention,
  type MultiHeadAttentionOptions,
  multiHeadAttention,
  type RotaryEmbeddingOptions,
  rotaryEmbedding,
} from './graph/ops/attention.ts'
export {
  abs,
  add,
  and,
  cast,
  ceil,
  clip,
  cos,
  divide,
  equal,
  erf,
  exp,
  floor,
  gelu,
  greater,
  greaterOrEqual,
  identity,
  less,
  lessOrEqual,
  log,
  maximum,
  minimum,
  modulo,
  multiply,
  negate,
  not,
  or,
  power,
  quickGelu,
  reciprocal,
  relu,
  round,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  subtract,
  tanh,
  where,
} from './graph/ops/elementwise.ts'
export {
  gather,
  gatherElements,
  gatherNd,
  type ScatterOptions,
  scatterElements,
  scatterNd,
} from './graph/ops/gather.ts'
export { einsum, type FusedMatMulOptions, fusedMatMul, type GemmOptions, gemm, matMul } from './graph/ops/matmul.ts'
export {
  concat,
  dynamicSlice,
  expand,
  pad,
  reshape,
  shapeOf,
  slice,
  split,
  squeeze,
  type TriangleOptions,
  tile,
  transpose,
  triangle,
  unsqueeze,
} from './graph/ops/movement.ts'
export {
  type EpsilonOptions,
  layerNormalization,
  simplifiedLayerNormalization,
  skipLayerNormalization,
  skipSimplifiedLayerNormalization,
} from './graph/ops/normalisation.ts'
export {
  dequantizeLinear,
  gatherBlockQuantized,
  type IntegerProductScales,
  type MatMulNBitsOptions,
  matMulInteger,
  matMulIntegerToFloat,
  matMulNBits,
  quantizeLinear,
  type ScaleOptions,
} from './graph/ops/quantised.ts'
export type { Operand } from './graph/ops/record.ts'
export {
  type AxisOptions,
  argMax,
  argMin,
  type CumulativeSumOptions,
  cumulativeSum,
  logSoftmax,
  type ReductionOptions,
  reduceL2,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProduct,
  reduceSum,
  reduceSumSquare,
  softmax,
  type TopKOptions,
  topK,
} from './graph/ops/reduction.ts'
export { printGraph } from './graph/print-graph.ts'
export { evaluateGraph, fromReference, type PlainTensor, toReference } from './graph/reference/evaluate.ts'
export type { ReferenceTensor } from './graph/reference/kernel.ts'
export { lowerForProvider, type Provider, type ProviderTraits } from './graph/rewrite/lower-for-provider.ts'
export type { FusedAttention } from './graph/rewrite/lower-for-webgpu.ts'
export { type RewriteRule, type RewriteRules, rewriteGraph } from './graph/rewrite/rewrite-graph.ts'
export type { GraphNode, GraphScope, TensorType, Value } from './graph/value.ts'
