/** @file Names of encoder weights: prefixes of checkpoints, and binding their bytes to a graph. */
import type { CallOptions } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import { FileFormatError } from '../../errors/file-format-error.ts'
import type { DType } from '../../graph/dtype.ts'
import type { Graph } from '../../graph/graph.ts'
import type { Value } from '../../graph/value.ts'
import type { Device, WeightData } from '../../runtime/device.ts'
import type { ConvertedWeightsStore } from '../../weights/converted-weights.ts'
import type { WeightSource } from '../../weights/weight-source.ts'
import type { WeightRecipe } from '../decoder/weight-recipe.ts'
import { loadWeights } from '../load-weights.ts'

// what the two parts of an int8 weight are called in a graph
const int8Suffixes = { data: '.int8.data', scales: '.int8.scales' } as const

/** Columns of a packed weight that share a scale. */
export const packedBlock = 32

// a model saved with a head carries the name of its body before the names inside it
const prefixes = ['', 'bert.', 'roberta.', 'model.', 'camembert.', 'modernbert.']

/** How the linear layers of a body are computed. */
export type EncoderProducts =
  | { readonly kind: 'float32' }
  /** int8 weights and activations. */
  | { readonly kind: 'int8' }
  /** Weights in blocks of 8 bits, the embedding table too; at accuracy level 4 activations may be int8 inside the kernel. */
  | { readonly kind: 'packed'; readonly accuracyLevel: 0 | 4 }

/** A weight in two parts. */
export interface ScaledWeight {
  readonly data: Value
  readonly scales: Value
}

/** Declares weights of a graph by their names without prefix. */
export interface EncoderWeights {
  readonly products: EncoderProducts
  weight(name: string, shape: readonly number[]): Value
  /** `x @ weight^T + bias` needs a bias: undefined where the model has none. */
  optional(name: string, shape: readonly number[]): Value | undefined
  /** A matrix [out, in] as int8 [in, out] with a scale for each output. */
  int8(name: string, shape: readonly [number, number]): ScaledWeight
  /** A matrix in blocks of 32 columns and 8 bits, uint8 around 128: `blocks` [out, in / 32, 32] for products, `rows` [out, in] for tables. */
  packed(name: string, shape: readonly [number, number], layout: 'blocks' | 'rows'): ScaledWeight
}

/** Weights under the names of a checkpoint; without one, under the plain names of transformers' own classes. */
export function encoderWeights(
  graph: Graph,
  source?: Pick<WeightSource, 'names'>,
  products: EncoderProducts = { kind: 'float32' },
): EncoderWeights {
  const known = source && new Set(source.names)
  const declared = new Map<string, Value>()
  function declare(name: string, shape: readonly number[], dtype: DType = 'float32'): Value {
    const found = declared.get(name) ?? graph.weight(name, dtype, shape)
    declared.set(name, found)
    return found
  }
  function actualName(name: string): string {
    const actual = known ? resolveName(known, name) : name
    if (actual !== undefined) return actual
    throw new FileFormatError({ file: 'the checkpoint', format: 'weights', problem: `it has no weight ${name}` })
  }
  return {
    products,
    weight: (name, shape) => declare(actualName(name), shape),
    int8(name, [rows, columns]) {
      const actual = actualName(name)
      return {
        data: declare(actual + int8Suffixes.data, [columns, rows], 'int8'),
        scales: declare(actual + int8Suffixes.scales, [rows]),
      }
    },
    packed(name, [rows, columns], layout) {
      const actual = actualName(name)
      const shape = layout === 'rows' ? [rows, columns] : [rows, columns / packedBlock, packedBlock]
      return {
        data: declare(`${actual}.packed.${layout}`, shape, 'uint8'),
        scales: declare(`${actual}.packed.scales`, [rows, columns / packedBlock]),
      }
    },
    optional(name, shape) {
      const actual = known ? resolveName(known, name) : name
      return actual === undefined ? undefined : declare(actual, shape)
    },
  }
}

/** The name that a checkpoint uses for a weight. */
function resolveName(known: ReadonlySet<string>, name: string): string | undefined {
  const prefix = prefixes.find((candidate) => known.has(candidate + name))
  return prefix === undefined ? undefined : prefix + name
}

/** Options of `bindEncoderWeights`. */
export interface BindEncoderWeightsOptions extends CallOptions {
  /** Makes int8 weights; needed where the graph has some. */
  readonly device?: Device
  /** Keeps converted weights on disk. */
  readonly store?: ConvertedWeightsStore | undefined
  /** Identifies the bytes of the model, for the store. */
  readonly hash?: string
}

/**
 * The bytes of every weight that the graph declares: mapped from the file where they lie there as float32, otherwise converted.
 *
 * @throws FileFormatError where a weight has another shape than the configuration says.
 */
export async function bindEncoderWeights(
  graph: Graph,
  source: WeightSource,
  options: BindEncoderWeightsOptions = {},
): Promise<Map<string, WeightData>> {
  const { signal } = options
  const bound = new Map<string, WeightData>()
  const int8 = new Map<string, WeightRecipe>()
  for (const [name, value] of graph.weights) {
    signal?.throwIfAborted()
    const recipe = int8Recipe(name)
    if (recipe) {
      if (recipe.part === 'data') checkWeightShape(recipe.source, [...value.shape].reverse() as number[], source)
      int8.set(name, recipe)
      continue
    }
    checkWeightShape(name, value.shape as readonly number[], source)
    const location = source.location(name)
    bound.set(
      name,
      location ? { kind: 'file', ...location } : { kind: 'memory', data: await source.float32(name, signal) },
    )
  }
  for (const [name, data] of await convert(int8, source, options)) bound.set(name, data)
  return bound
}

function int8Recipe(name: string): Extract<WeightRecipe, { kind: 'int8' }> | undefined {
  for (const part of ['data', 'scales'] as const)
    if (name.endsWith(int8Suffixes[part]))
      return { kind: 'int8', source: name.slice(0, -int8Suffixes[part].length), part }
  return undefined
}

async function convert(
  recipes: ReadonlyMap<string, WeightRecipe>,
  weights: WeightSource,
  options: BindEncoderWeightsOptions,
): Promise<ReadonlyMap<string, WeightData>> {
  if (recipes.size === 0) return new Map()
  const { device, hash, store, signal, onProgress } = options
  checkArgument(device !== undefined, 'device', device, 'given, to make the int8 weights of the graph')
  const kept = hash === undefined ? undefined : store
  return loadWeights(recipes, { weights, device, hash: hash ?? '', store: kept, signal, onProgress })
}

function checkWeightShape(name: string, shape: readonly number[], source: WeightSource): void {
  const info = source.info(name)
  if (info && info.shape.length === shape.length && info.shape.every((size, axis) => size === shape[axis])) return
  throw new FileFormatError({
    file: 'the checkpoint',
    format: 'weights',
    problem: `${name} must have the shape [${shape.join(', ')}]; it has ${info ? `[${info.shape.join(', ')}]` : 'none'}`,
  })
}
