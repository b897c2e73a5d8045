/** @file One conversion: a weight of the model in the form that a recipe names, in all the parts that belong together. */
import { FileFormatError } from '../errors/file-format-error.ts'
import type { PackedWeight, WeightSource } from '../weights/weight-source.ts'
import type { WeightRecipe } from './decoder/weight-recipe.ts'
import type { Int8Converter } from './int8-conversion.ts'
import { packRows } from './pack-rows.ts'

/** What conversions work with. */
export interface ConversionTools {
  readonly weights: WeightSource
  readonly int8: Int8Converter
  readonly signal?: AbortSignal | undefined
}

/** The parts of a converted weight by the name of the part. */
export type ConvertedParts = ReadonlyMap<string, ArrayBufferView>

/** Makes all parts of the weight that a recipe describes. */
export async function convertWeight(recipe: WeightRecipe, tools: ConversionTools): Promise<ConvertedParts> {
  switch (recipe.kind) {
    case 'plain':
      return new Map([['data', await tools.weights.float32(recipe.source, tools.signal)]])
    case 'packed':
      return convertPacked(recipe, tools)
    case 'int8':
      return tools.int8.convert(recipe, tools.weights, tools.signal)
    case 'rotation':
      return new Map()
  }
}

/** Makes the parts of a packed weight: `data`, `scales` and, for blocks with an offset, `correction`. */
export async function convertPacked(
  recipe: Extract<WeightRecipe, { kind: 'packed' }>,
  tools: Pick<ConversionTools, 'weights' | 'signal'>,
): Promise<ConvertedParts> {
  return packedParts(await concatPacked(recipe, tools))
}

function packedParts(packed: PackedWeight): ConvertedParts {
  const parts = new Map<string, ArrayBufferView>([
    ['data', packed.data],
    ['scales', packed.scales],
  ])
  if (packed.correction) parts.set('correction', transposed(packed.correction, packed.rows))
  return parts
}

/** `[rows, blocks]` to `[blocks, rows]`. */
function transposed(correction: Float32Array, rows: number): Float32Array {
  const blocks = correction.length / rows
  const result = new Float32Array(correction.length)
  for (let row = 0; row < rows; row++)
    for (let block = 0; block < blocks; block++) result[block * rows + row] = correction[row * blocks + block]!
  return result
}

async function concatPacked(
  recipe: Extract<WeightRecipe, { kind: 'packed' }>,
  { weights, signal }: Pick<ConversionTools, 'weights' | 'signal'>,
): Promise<PackedWeight> {
  const parts: PackedWeight[] = []
  for (const source of recipe.sources)
    parts.push(
      recipe.quantise ? await packRows(weights, source, signal) : await losslessPacking(weights, source, signal),
    )
  const first = parts[0]!
  if (parts.length === 1) return first
  const corrections = parts.map((part) => part.correction).filter((correction) => correction !== undefined)
  return {
    bits: first.bits,
    blockSize: first.blockSize,
    columns: first.columns,
    rows: parts.reduce((sum, part) => sum + part.rows, 0),
    data: joinBytes(parts.map((part) => part.data)),
    scales: joinFloats(parts.map((part) => part.scales)),
    ...(corrections.length > 0 && { correction: joinFloats(corrections) }),
  }
}

async function losslessPacking(
  weights: WeightSource,
  source: string,
  signal: AbortSignal | undefined,
): Promise<PackedWeight> {
  const packed = await weights.packed(source, signal)
  if (packed) return packed
  throw new FileFormatError({ file: source, format: 'model', problem: 'it lost its packed form while it was loaded' })
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    result.set(part, offset)
    offset += part.length
  }
  return result
}

function joinFloats(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    result.set(part, offset)
    offset += part.length
  }
  return result
}
