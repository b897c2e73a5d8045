import { abs, add, divide, maximum, multiply, subtract } from '../../graph/ops/elementwise.ts'
import { fusedMatMul, gemm, matMul } from '../../graph/ops/matmul.ts'
import { concat, split, squeeze, unsqueeze } from '../../graph/ops/movement.ts'
import { dequantizeLinear, matMulIntegerToFloat, matMulNBits, quantizeLinear } from '../../graph/ops/quantised.ts'
import { reduceMax } from '../../graph/ops/reduction.ts'
import type { Value } from '../../graph/value.ts'
import type { DecoderScope } from './decoder-scope.ts'
import type { LinearForm, LinearGroup } from './linear-form.ts'
import type { WeightRecipe } from './weight-recipe.ts'

/** The products of x with each part. */
export function linear(scope: DecoderScope, x: Value, group: LinearGroup): readonly Value[] {
  const form = scope.formOf(group)
  const products = productsOf(scope, x, group, form)
  return products.map((product, index) => {
    const part = group.parts[index]!
    if (!part.bias) return product
    const bias = scope.plain(`${part.name}.bias`, [part.rows])
    return add(product, group.rotate === 'rows' && scope.rotated ? matMul(bias, scope.rotation()) : bias)
  })
}

function productsOf(scope: DecoderScope, x: Value, group: LinearGroup, form: LinearForm): readonly Value[] {
  if (form.kind === 'packed') return packedProducts(scope, x, group, form)
  if (form.kind === 'int8') return int8Products(scope, x, group, form.passes)
  return group.parts.map(({ name, rows }) =>
    fusedMatMul(x, scope.plain(`${name}.weight`, [rows, group.columns]), { transposeB: true }),
  )
}

type PackedForm = Extract<LinearForm, { kind: 'packed' }>

/** One product for all parts, cut afterwards: at one row a node costs more than the copy. */
function packedProducts(scope: DecoderScope, x: Value, group: LinearGroup, form: PackedForm): readonly Value[] {
  const { bits, blockSize, corrected, accuracyLevel, quantise } = form
  const sizes = group.parts.map((part) => part.rows)
  const rows = sizes.reduce((sum, size) => sum + size, 0)
  const blocks = Math.ceil(group.columns / blockSize)
  const sources = group.parts.map(({ name }) => `${name}.weight`)
  const weight = (part: 'data' | 'scales' | 'correction', dtype: 'uint8' | 'float32', shape: number[]): Value =>
    scope.weight(`${sources.join('+')}.packed.${part}`, dtype, shape, { kind: 'packed', sources, part, quantise })
  const data = weight('data', 'uint8', [rows, blocks, (blockSize * bits) / 8])
  const scales = weight('scales', 'float32', [rows, blocks])
  let product = matMulNBits(x, data, scales, { bits, blockSize, accuracyLevel, columns: group.columns })
  if (corrected) {
    // w = d (q - c) + (m + c d): the second part only sees the sums of x over each block
    const sums = matMul(x, scope.blockIndicator(group.columns, blockSize))
    const correction = weight('correction', 'float32', [blocks, rows])
    product = x.shape.length === 2 ? gemm(sums, correction, { bias: product }) : add(product, matMul(sums, correction))
  }
  return sizes.length === 1 ? [product] : split(product, sizes)
}

function int8Products(scope: DecoderScope, x: Value, group: LinearGroup, passes: 1 | 2): readonly Value[] {
  const { graph } = scope
  const aZeroPoint = graph.constant(Uint8Array.of(128), [], 'uint8')
  const aScale = graph.constant(1 / 127, [], 'float32')
  // each token is scaled to a largest magnitude of one; the bound keeps tokens of zeros finite
  const scale = maximum(reduceMax(abs(x)), 1e-12)
  const normalised = divide(x, scale)
  const high = quantizeLinear(normalised, aScale, aZeroPoint)
  const operand = passes === 1 ? high : withRest(normalised, high, { aScale, aZeroPoint })
  return group.parts.map(({ name, rows }) => {
    const weight = int8Weight(scope, `${name}.weight`, [group.columns, rows], group)
    const product = matMulIntegerToFloat(operand, weight.data, { aScale, bScale: weight.scales, aZeroPoint })
    if (passes === 1) return multiply(product, scale)
    const [coarse, rest] = split(product, [1, 1], { axis: 0 })
    return multiply(squeeze(add(coarse!, multiply(rest!, 1 / restFactor)), [0]), scale)
  })
}

/** Steps of the second pass in one of the first: what it rounded off is at most half a step. */
const restFactor = 254

/** Both passes as one operand `[2, ...]`, so that a weight is read by one product. */
function withRest(
  normalised: Value,
  high: Value,
  scales: { readonly aScale: Value; readonly aZeroPoint: Value },
): Value {
  const { aScale, aZeroPoint } = scales
  const rounded = dequantizeLinear(high, aScale, { zeroPoint: aZeroPoint })
  const fine = normalised.graph.constant(1 / 127 / restFactor, [], 'float32')
  const low = quantizeLinear(subtract(normalised, rounded), fine, aZeroPoint)
  return concat([unsqueeze(high, [0]), unsqueeze(low, [0])], { axis: 0 })
}

function int8Weight(
  scope: DecoderScope,
  source: string,
  shape: [number, number],
  group: LinearGroup,
): { data: Value; scales: Value } {
  const fold = group.norm !== undefined && { norm: group.norm, shifted: scope.config.shiftedNorms }
  const recipe = (part: 'data' | 'scales'): WeightRecipe => ({
    kind: 'int8',
    source,
    part,
    ...(scope.rotated && fold && { fold }),
    ...(scope.rotated && group.rotate && { rotate: group.rotate }),
  })
  return {
    data: scope.weight(`${source}.int8.data`, 'int8', shape, recipe('data')),
    scales: scope.weight(`${source}.int8.scales`, 'float32', [shape[1]], recipe('scales')),
  }
}
