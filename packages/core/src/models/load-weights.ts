/** @file The weights of a graph as a device takes them: parts of the model's own file where they can be used as they are, converted otherwise. */
import type { CallOptions } from '@lc/model'
import type { Device, WeightData } from '../runtime/device.ts'
import { hashBytes } from '../runtime/hash-bytes.ts'
import type { ConvertedWeightsStore } from '../weights/converted-weights.ts'
import type { WeightSource } from '../weights/weight-source.ts'
import { rotationMatrix } from './decoder/rotation.ts'
import type { WeightRecipe, WeightRecipes } from './decoder/weight-recipe.ts'
import { Int8Converter } from './int8-conversion.ts'
import { type ConversionTools, type ConvertedParts, convertWeight } from './weight-conversion.ts'

/** Raise it when a conversion gives other bytes than before. */
const conversionVersion = 1
/** Float weights up to this size are read instead of written to a file. */
const smallBytes = 1 << 17

/** Where weights come from and go to. */
export interface LoadWeightsOptions extends CallOptions {
  readonly weights: WeightSource
  /** Identifies the bytes of the model. */
  readonly hash: string
  /** Computes conversions. */
  readonly device: Device
  /** Keeps converted weights on disk; without it they are made in memory. */
  readonly store?: ConvertedWeightsStore | undefined
}

/** The weights that recipes describe, by the names of the graph. */
export async function loadWeights(
  recipes: WeightRecipes,
  options: LoadWeightsOptions,
): Promise<ReadonlyMap<string, WeightData>> {
  const { weights, signal } = options
  const result = new Map<string, WeightData>()
  const toConvert = new Map<string, WeightRecipe>()
  for (const [name, recipe] of recipes) {
    if (recipe.kind === 'rotation') {
      result.set(name, { kind: 'memory', data: rotationMatrix(recipe.size) })
      continue
    }
    const location = recipe.kind === 'plain' ? weights.location(recipe.source) : undefined
    if (location) result.set(name, { kind: 'file', ...location })
    else if (recipe.kind === 'plain' && floatBytes(weights, recipe.source) <= smallBytes)
      result.set(name, { kind: 'memory', data: await weights.float32(recipe.source, signal) })
    else toConvert.set(name, recipe)
  }
  if (toConvert.size === 0) return result
  const converted = options.store
    ? await convertToFile(toConvert, options, options.store)
    : await convertInMemory(toConvert, options)
  for (const [name, data] of converted) result.set(name, data)
  return result
}

function floatBytes(weights: WeightSource, name: string): number {
  return (weights.info(name)?.shape ?? []).reduce((product, size) => product * size, 4)
}

/** A name for what a recipe makes, the same for all parts of one conversion. */
function conversionKey(recipe: WeightRecipe): string {
  return JSON.stringify(recipe, (field, value: unknown) => (field === 'part' ? undefined : value))
}

function partOf(recipe: WeightRecipe): string {
  return 'part' in recipe ? recipe.part : 'data'
}

/** Runs every conversion once and hands out its parts. */
async function convertAll(
  recipes: ReadonlyMap<string, WeightRecipe>,
  options: LoadWeightsOptions,
  receive: (key: string, part: string, data: ArrayBufferView) => Promise<void> | void,
): Promise<void> {
  const conversions = new Map<string, { recipe: WeightRecipe; parts: Set<string> }>()
  for (const recipe of recipes.values()) {
    const key = conversionKey(recipe)
    const known = conversions.get(key) ?? { recipe, parts: new Set<string>() }
    known.parts.add(partOf(recipe))
    conversions.set(key, known)
  }
  const int8 = new Int8Converter(options.device)
  const tools: ConversionTools = { weights: options.weights, int8, signal: options.signal }
  const handOver = async (key: string, parts: ReadonlySet<string>, converted: ConvertedParts): Promise<void> => {
    for (const part of parts) await receive(key, part, converted.get(part)!)
  }
  // one weight is written while the next is made
  let writing: Promise<void> = Promise.resolve()
  try {
    let done = 0
    for (const [key, { recipe, parts }] of conversions) {
      options.signal?.throwIfAborted()
      const converted = await convertWeight(recipe, tools)
      await writing
      writing = handOver(key, parts, converted)
      // a failure is seen when it is awaited
      writing.catch(() => {})
      done += 1
      const total = conversions.size
      options.onProgress?.({ type: 'progress', operation: 'convert weights', done, total, unit: 'steps' })
    }
    await writing
  } finally {
    await writing.catch(() => {})
    await int8.close()
  }
}

async function convertInMemory(
  recipes: ReadonlyMap<string, WeightRecipe>,
  options: LoadWeightsOptions,
): Promise<Map<string, WeightData>> {
  const made = new Map<string, ArrayBufferView>()
  await convertAll(recipes, options, (key, part, data) => {
    made.set(`${key}/${part}`, data)
  })
  const result = new Map<string, WeightData>()
  for (const [name, recipe] of recipes)
    result.set(name, { kind: 'memory', data: made.get(`${conversionKey(recipe)}/${partOf(recipe)}`)! })
  return result
}

async function convertToFile(
  recipes: ReadonlyMap<string, WeightRecipe>,
  options: LoadWeightsOptions,
  store: ConvertedWeightsStore,
): Promise<Map<string, WeightData>> {
  const names = [...recipes.values()].map((recipe) => `${conversionKey(recipe)}/${partOf(recipe)}`).sort()
  const set = hashBytes(new TextEncoder().encode([conversionVersion, ...names].join('\n')))
  const converted = await store.convertedWeights(
    `${options.hash}-${set}`,
    (writer) => convertAll(recipes, options, (key, part, data) => writer.write(`${key}/${part}`, data)),
    { signal: options.signal, onProgress: options.onProgress },
  )
  // where the disk has no room
  if (converted === undefined) return convertInMemory(recipes, options)
  const { tensors } = converted
  const result = new Map<string, WeightData>()
  for (const [name, recipe] of recipes)
    result.set(name, { kind: 'file', ...tensors.get(`${conversionKey(recipe)}/${partOf(recipe)}`)! })
  return result
}
