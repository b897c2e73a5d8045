/** @file A decoder's graph and weights in the form that an export asks for. */
import type { Accuracy } from '@lc/model'
import { InternalError, UnsupportedCapabilityError } from '@lc/model/errors'
import type { ModelFiles } from '../model-files/model-files.ts'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import type { LinearForm } from '../models/decoder/linear-form.ts'
import { planForms } from '../models/decoder/plan-forms.ts'
import type { WeightRecipe, WeightRecipes } from '../models/decoder/weight-recipe.ts'
import { type ConvertedParts, convertPacked } from '../models/weight-conversion.ts'
import type { WeightSource } from '../weights/weight-source.ts'
import { decoderExportGraph, type ExportForms } from './decoder-export-graph.ts'
import type { ReadWeight } from './export-weights.ts'
import type { ExportableModel, ExportDType } from './exportable-model.ts'

/** Options of `decoderExport`. */
export interface DecoderExportOptions {
  readonly dtype: ExportDType
  /** `fast` lets kernels of packed weights use 8-bit activations. */
  readonly accuracy: Accuracy
}

/** A decoder, ready to be written. */
export function decoderExport(
  files: ModelFiles,
  config: DecoderConfig,
  options: DecoderExportOptions,
): ExportableModel {
  const { graph, recipes } = decoderExportGraph(config, formsOf(files, config, options))
  return {
    graph,
    read: weightReader(recipes, files.weights),
    // the embedding table and the head of a tied model are the same bytes under two names
    identity: (name) => JSON.stringify(recipes.get(name)),
  }
}

function formsOf(files: ModelFiles, config: DecoderConfig, options: DecoderExportOptions): ExportForms {
  if (options.dtype === 'float32') return { choose: () => ({ kind: 'float32' }), embedding: { kind: 'float32' } }
  const { weights } = files
  // the plan for single steps on a GPU: packed without loss where the file is, in blocks of 8 bits elsewhere
  const plan = planForms({ config, weights, device: 'webgpu', kind: 'step', accuracy: 'fast' })
  if (options.dtype === 'q4') checkFourBits(files, config)
  const accuracyLevel = options.accuracy === 'fast' ? 4 : 0
  const leveled = (form: LinearForm): LinearForm => (form.kind === 'packed' ? { ...form, accuracyLevel } : form)
  return { choose: (role, sources) => leveled(plan.choose(role, sources)), embedding: plan.embedding }
}

/** Most weights of the layers must be of 4 bits in the file: lc does not round others to 4 bits. */
function checkFourBits(files: ModelFiles, config: DecoderConfig): void {
  const projections = files.weights.names.filter((name) => /\.layers\.\d+\..*_proj\.weight$/.test(name))
  const packed = projections.filter((name) => files.weights.packing(name)?.bits === 4)
  if (packed.length * 2 > projections.length) return
  throw new UnsupportedCapabilityError({
    model: files.name,
    capability: `be exported as q4: ${packed.length} of its ${config.layers.length} layers' ${projections.length} matrices have 4 bits`,
    alternatives: 'use q8 or float32, or a GGUF file of 4 bits',
  })
}

/** Reads weights by their recipes; the parts of one conversion follow each other and are made once. */
function weightReader(recipes: WeightRecipes, weights: WeightSource): ReadWeight {
  let last: { readonly key: string; readonly parts: ConvertedParts } | undefined
  return async (name, signal) => {
    const recipe = recipes.get(name)
    if (recipe?.kind === 'plain') return weights.float32(recipe.source, signal)
    if (recipe?.kind !== 'packed') throw new InternalError({ invariant: `an export has no weight like ${name}` })
    const key = conversionKey(recipe)
    if (last?.key !== key) last = { key, parts: await convertPacked(recipe, { weights, signal }) }
    return last.parts.get(recipe.part)!
  }
}

function conversionKey(recipe: Extract<WeightRecipe, { kind: 'packed' }>): string {
  return `${recipe.sources.join('+')} ${recipe.quantise}`
}
