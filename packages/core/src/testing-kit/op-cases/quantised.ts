import {
  dequantizeLinear,
  gatherBlockQuantized,
  matMulInteger,
  matMulIntegerToFloat,
  matMulNBits,
  quantizeLinear,
} from '../../graph/ops/quantised.ts'
import { given, numbers, type OpCase, opCase } from '../op-case.ts'

const codes = (shape: readonly (number | string)[], weight = false) =>
  numbers(shape, { dtype: 'uint8', from: 0, to: 256, weight })

/** A product with a packed weight of `rows` x `columns`. */
function packedCases(bits: 2 | 4 | 8, blockSize: number, columns: number): readonly OpCase[] {
  const rows = 12
  const blocks = Math.ceil(columns / blockSize)
  const operands = {
    a: numbers(['B=1', 'T=3', columns]),
    packed: codes([rows, blocks, (blockSize * bits) / 8], true),
    scales: numbers([rows, blocks], { from: 0.001, to: 0.02, weight: true }),
  }
  const zeroPoints = codes([rows, Math.ceil((blocks * bits) / 8)], true)
  const note = `${bits} bit, blocks of ${blockSize} in ${columns}`
  return [
    opCase(
      'matMulNBits',
      operands,
      ({ a, packed, scales }) => matMulNBits(a, packed, scales, { bits, blockSize, columns }),
      { note },
    ),
    opCase(
      'matMulNBits',
      { ...operands, zeroPoints },
      (values) =>
        matMulNBits(values.a, values.packed, values.scales, {
          bits,
          blockSize,
          columns,
          zeroPoints: values.zeroPoints,
        }),
      { note: `${note}, zero points` },
    ),
    // each row is quantised to 8 bits inside the kernel: the exact product is met to about a percent
    opCase(
      'matMulNBits',
      operands,
      ({ a, packed, scales }) => matMulNBits(a, packed, scales, { bits, blockSize, columns, accuracyLevel: 4 }),
      { note: `${note}, int8 inside`, tolerance: 0.03 },
    ),
  ]
}

/** Rows of a packed table. */
function packedRows(bits: 2 | 4 | 8): OpCase {
  const operands = {
    table: codes([7, (64 * bits) / 8]),
    ids: numbers([2, 3], { dtype: 'int64', from: 0, to: 7 }),
    scales: numbers([7, 2], { from: 0.001, to: 0.02 }),
  }
  return opCase(
    'gatherBlockQuantized',
    operands,
    ({ table, ids, scales }) => gatherBlockQuantized(table, ids, scales, { bits, blockSize: 32 }),
    { note: `${bits} bit` },
  )
}

/** Cases of quantised ops. */
export function quantisedCases(): readonly OpCase[] {
  const noKernel = { unsupported: { webgpu: 'no kernel on this provider' } }
  const zero = (value: number) => given(Uint8Array.of(value), [], 'uint8')
  const signed = numbers([2, 8], { dtype: 'int8', from: -128, to: 128 })
  return [
    ...packedCases(4, 32, 64),
    ...packedCases(8, 32, 96),
    ...packedCases(2, 32, 64),
    ...packedCases(4, 16, 40),
    ...packedCases(8, 128, 256),
    packedRows(2),
    packedRows(4),
    packedRows(8),
    opCase(
      'matMulInteger',
      { a: codes(['T=3', 8]), b: numbers([8, 5], { dtype: 'int8', from: -128, to: 128, weight: true }), z: zero(128) },
      ({ a, b, z }) => matMulInteger(a, b, { aZeroPoint: z }),
      noKernel,
    ),
    opCase(
      'matMulInteger',
      { a: codes([2, 3, 8]), b: codes([2, 8, 5]), z: zero(7) },
      ({ a, b, z }) => matMulInteger(a, b, { aZeroPoint: z, bZeroPoint: z }),
      { ...noKernel, note: 'in batches' },
    ),
    opCase('matMulInteger', { a: signed, b: codes([8, 4]) }, ({ a, b }) => matMulInteger(a, b), {
      ...noKernel,
      note: 'without zero points',
    }),
    opCase(
      'matMulIntegerToFloat',
      {
        a: codes(['T=3', 8]),
        b: numbers([8, 5], { dtype: 'int8', from: -128, to: 128, weight: true }),
        aScale: given(Float32Array.of(0.01), [], 'float32'),
        bScale: numbers([5], { from: 0.001, to: 0.02, weight: true }),
        aZeroPoint: zero(128),
      },
      ({ a, b, ...scales }) => matMulIntegerToFloat(a, b, scales),
      noKernel,
    ),
    opCase(
      'matMulIntegerToFloat',
      {
        a: codes([2, 3, 8]),
        b: codes([2, 8, 5]),
        aScale: given(Float32Array.of(0.01), [], 'float32'),
        bScale: numbers([2, 1, 5], { from: 0.001, to: 0.02 }),
        aZeroPoint: zero(128),
        bZeroPoint: zero(128),
      },
      ({ a, b, ...scales }) => matMulIntegerToFloat(a, b, scales),
      { ...noKernel, note: 'with scales per matrix' },
    ),
    opCase(
      'quantizeLinear',
      { x: numbers([3, 8]), scale: given(Float32Array.of(0.02), [], 'float32'), z: zero(128) },
      (values) => quantizeLinear(values.x, values.scale, values.z),
    ),
    opCase(
      'quantizeLinear',
      {
        x: numbers([3, 4]),
        scale: numbers([4], { from: 0.01, to: 0.05 }),
        z: numbers([4], { dtype: 'int8', from: -5, to: 5 }),
      },
      (values) => quantizeLinear(values.x, values.scale, values.z, { axis: 1 }),
      { ...noKernel, note: 'per column' },
    ),
    opCase(
      'dequantizeLinear',
      { x: codes([3, 8]), scale: given(Float32Array.of(0.02), [], 'float32'), z: zero(128) },
      (values) => dequantizeLinear(values.x, values.scale, { zeroPoint: values.z }),
    ),
    opCase(
      'dequantizeLinear',
      { x: codes([3, 8]), scale: numbers([3], { from: 0.01, to: 0.05 }) },
      (values) => dequantizeLinear(values.x, values.scale, { axis: 0 }),
      { note: 'per row' },
    ),
    opCase(
      'dequantizeLinear',
      { x: codes([3, 32]), scale: numbers([3, 2], { from: 0.01, to: 0.05 }) },
      (values) => dequantizeLinear(values.x, values.scale, { axis: 1, blockSize: 16 }),
      { note: 'in blocks' },
    ),
  ]
}
