import type { DType } from '../../graph/dtype.ts'
import {
  type GroupQueryAttentionOptions,
  type GroupQueryAttentionResult,
  groupQueryAttention,
  multiHeadAttention,
  rotaryEmbedding,
} from '../../graph/ops/attention.ts'
import { given, numbers, type OpCase, type OperandSpec, opCase } from '../op-case.ts'

const all = (result: GroupQueryAttentionResult) => Object.values(result)
const heads = { numHeads: 4, kvHeads: 2 }
const needsHalf = { unsupported: { webgpu: 'needs shader-f16' } }

/** Lengths of one row that ends after `total` tokens. */
function lengths(total: number): { lastIndex: OperandSpec; totalLength: OperandSpec } {
  return {
    lastIndex: given(Int32Array.of(total - 1), ['B=1'], 'int32'),
    totalLength: given(Int32Array.of(total), [], 'int32'),
  }
}

/** New tokens: 4 query heads and 2 key/value heads of size 16, with rotary tables. */
function fresh(tokens: number, dtype: DType = 'float32') {
  const table = numbers([32, 8], { dtype, from: -1, to: 1 })
  return {
    query: numbers(['B=1', `T=${tokens}`, 64], { dtype }),
    key: numbers(['B=1', `T=${tokens}`, 32], { dtype }),
    value: numbers(['B=1', `T=${tokens}`, 32], { dtype }),
    cos: table,
    sin: table,
  }
}

/** New tokens after a past. */
function continued(tokens: number, past: number, dtype: DType = 'float32') {
  const cache = numbers(['B=1', 2, `P=${past}`, 16], { dtype })
  return { ...fresh(tokens, dtype), ...lengths(past + tokens), pastKey: cache, pastValue: cache }
}

interface Variant {
  readonly note: string
  readonly options: Partial<GroupQueryAttentionOptions>
}

const variants: readonly Variant[] = [
  { note: 'plain', options: {} },
  { note: 'rotary', options: { rotary: true } },
  { note: 'rotary interleaved', options: { rotary: true, rotaryInterleaved: true } },
  { note: 'soft cap and scale', options: { softcap: 2, scale: 0.5 } },
  { note: 'window of 3', options: { localWindow: 3 } },
  { note: 'smooth', options: { smoothSoftmax: true } },
  { note: 'not causal', options: { causal: false } },
]

/** Each variant for one and several tokens, with and without past. */
function variantCases({ note, options }: Variant): readonly OpCase[] {
  return [1, 5].flatMap((tokens) => [
    opCase(
      'groupQueryAttention',
      continued(tokens, 6),
      (inputs) => all(groupQueryAttention(inputs, { ...heads, ...options })),
      {
        note: `${note}, ${tokens} after 6`,
      },
    ),
    opCase(
      'groupQueryAttention',
      { ...fresh(tokens), ...lengths(tokens) },
      (inputs) => all(groupQueryAttention(inputs, { ...heads, ...options })),
      { note: `${note}, ${tokens} alone` },
    ),
  ])
}

function quantisedCache(keyScale: 'per-tensor' | 'per-channel', tokens: number): OpCase {
  const cache = numbers(['B=1', 2, 'P=6', 16], { dtype: 'int8', from: -127, to: 128 })
  const scale = numbers(keyScale === 'per-tensor' ? [1] : [1, 2, 1, 16], { from: 0.01, to: 0.02 })
  const inputs = { ...continued(tokens, 6), pastKey: cache, pastValue: cache, keyScale: scale, valueScale: scale }
  return opCase(
    'groupQueryAttention',
    inputs,
    // the present keys are rounded to int8, where the last digit may differ from the exact one: only the result is compared
    (values) => groupQueryAttention(values, { ...heads, keyScale, valueScale: keyScale }).output,
    {
      note: `int8 cache ${keyScale}, ${tokens} after 6`,
      tolerance: 1e-3,
      unsupported: { webgpu: 'refused by the provider' },
    },
  )
}

/** Operands that change what is computed. */
function operandCases(): readonly OpCase[] {
  const op = 'groupQueryAttention'
  const bias = numbers([1, 4, 'T=5', 'P+T=11'], {})
  const sink = numbers([4], {})
  const positions = given(BigInt64Array.of(9n, 3n, 4n, 20n, 1n), ['B=1', 'T=5'], 'int64')
  const packed = { query: numbers(['B=1', 'T=5', 128]), ...lengths(5) }
  const ragged = {
    ...fresh(1),
    query: numbers(['B=2', 1, 64]),
    key: numbers(['B=2', 1, 32]),
    value: numbers(['B=2', 1, 32]),
    pastKey: numbers(['B=2', 2, 8, 16]),
    pastValue: numbers(['B=2', 2, 8, 16]),
    lastIndex: given(Int32Array.of(7, 4), ['B=2'], 'int32'),
    totalLength: given(Int32Array.of(8), [], 'int32'),
  }
  const buffered = {
    ...continued(3, 9),
    lastIndex: given(Int32Array.of(7), ['B=1'], 'int32'),
    totalLength: given(Int32Array.of(8), [], 'int32'),
  }
  return [
    opCase(op, { ...continued(5, 6), bias }, (inputs) => all(groupQueryAttention(inputs, { ...heads })), {
      note: 'with bias',
    }),
    opCase(op, { ...continued(1, 6), sink }, (inputs) => all(groupQueryAttention(inputs, heads)), {
      note: 'with sinks',
    }),
    opCase(
      op,
      { ...continued(5, 6), positions },
      (inputs) => all(groupQueryAttention(inputs, { ...heads, rotary: true })),
      { note: 'with positions' },
    ),
    opCase(op, packed, (inputs) => all(groupQueryAttention(inputs, heads)), {
      note: 'packed',
    }),
    opCase(op, ragged, (inputs) => groupQueryAttention(inputs, { ...heads, presentLength: 8 }).output, {
      note: 'rows of different length in a buffer',
    }),
    ...[undefined, 4].map((localWindow) =>
      opCase(
        op,
        buffered,
        (inputs) =>
          groupQueryAttention(inputs, {
            ...heads,
            presentLength: 'N',
            ...(localWindow !== undefined && { localWindow }),
          }).output,
        { note: `a past of 5 in a buffer of 9${localWindow === undefined ? '' : ', windowed'}` },
      ),
    ),
    opCase(op, continued(5, 6, 'float16'), (inputs) => all(groupQueryAttention(inputs, heads)), needsHalf),
    ...(['before-softmax', 'after-softmax'] as const).map((scores) =>
      // places that a query may not see hold no meaning: the one query of this case sees all
      opCase(op, continued(1, 6), (inputs) => all(groupQueryAttention(inputs, { ...heads, scores })), {
        note: scores,
      }),
    ),
  ]
}

/** Cases of attention ops. */
export function attentionCases(): readonly OpCase[] {
  const query = numbers(['B=2', 'T=3', 32])
  const [flat, split] = [numbers(['B=2', 'S=5', 32]), numbers(['B=2', 2, 'S=5', 16])]
  const table = numbers([2, 'T=3', 8], { from: -1, to: 1 })
  const x = numbers([2, 4, 'T=3', 16])
  return [
    ...variants.flatMap(variantCases),
    ...operandCases(),
    ...[1, 5].flatMap((tokens) => [quantisedCache('per-tensor', tokens), quantisedCache('per-channel', tokens)]),
    opCase('multiHeadAttention', { query, key: flat, value: flat }, (values) =>
      multiHeadAttention(values.query, values.key, values.value, { numHeads: 2 }),
    ),
    opCase(
      'multiHeadAttention',
      { query, key: flat, value: flat, bias: numbers([1, 2, 'T=3', 'S=5']) },
      (values) =>
        multiHeadAttention(values.query, values.key, values.value, { numHeads: 2, bias: values.bias, scale: 0.25 }),
      { note: 'with bias' },
    ),
    opCase(
      'multiHeadAttention',
      { query, key: split, value: split },
      (values) => multiHeadAttention(values.query, values.key, values.value, { numHeads: 2 }),
      { note: 'over heads apart' },
    ),
    opCase(
      'multiHeadAttention',
      { query, key: numbers(['B=2', 'T=3', 32]), value: numbers(['B=2', 'T=3', 32]) },
      (values) => multiHeadAttention(values.query, values.key, values.value, { numHeads: 2, causal: true }),
      { note: 'causal', unsupported: { webgpu: 'refused by the provider' } },
    ),
    opCase('rotaryEmbedding', { x, cos: table, sin: table }, (values) =>
      rotaryEmbedding(values.x, values.cos, values.sin),
    ),
    opCase(
      'rotaryEmbedding',
      { x, cos: table, sin: table },
      (values) => rotaryEmbedding(values.x, values.cos, values.sin, { interleaved: true }),
      { note: 'interleaved' },
    ),
    opCase(
      'rotaryEmbedding',
      { x: numbers([2, 'T=3', 64]), cos: table, sin: table },
      (values) => rotaryEmbedding(values.x, values.cos, values.sin, { numHeads: 4 }),
      { note: 'of flat heads' },
    ),
    opCase(
      'rotaryEmbedding',
      { x: numbers([2, 4, 'T=3', 32]), cos: table, sin: table },
      (values) => rotaryEmbedding(values.x, values.cos, values.sin, { rotaryDim: 16 }),
      { note: 'of a part' },
    ),
  ]
}
