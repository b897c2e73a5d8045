import type { Attender, CallOptions, TokenBudget, Tokenizer } from '@lc/model'
import { checkArgument, checkInteger, checkOneOf } from '@lc/model/check'
import { resolveBudget } from '../compressor/resolve-budget.ts'
import { type ProtectionOptions, type ResolvedProtection, resolveProtection } from '../prose/protection.ts'

/** A model whose attention is read, with the tokenizer that its positions count in. A local model of `@lc/core` is one. */
export interface DraftModel extends Attender {
  readonly tokenizer: Tokenizer
  /** Tokens that it takes at most. */
  readonly contextLength?: number
}

/** What is kept or dropped: words, or whole lines or sentences. */
export type SpecPcUnit = 'word' | 'line' | 'sentence'

/** A half-open range of layers. */
export interface ScoredLayers {
  /** Defaults to 8, or to half of the layers where the model has fewer than 16. */
  from?: number | undefined
  /** The forward pass ends here. Defaults to all layers. */
  to?: number | undefined
}

/** Options of `specPc`. */
export interface SpecPcOptions extends ProtectionOptions {
  attender: DraftModel
  /**
   * Tokens at most, of the draft's tokenizer or of a named one: the model that gets the text may have another tokenizer. In a
   * pipeline the run's budget stands in.
   */
  budget?: number | TokenBudget | undefined
  /** What is kept or dropped. Defaults to `'word'`. */
  unit?: SpecPcUnit | undefined
  /** Layers whose attention counts. None after the last one is computed. */
  layers?: ScoredLayers | undefined
  /** How many of the last tokens are asked what they attend to. Defaults to 64. */
  windowSize?: number | undefined
  /** Width of the maximum over neighbouring positions, in tokens. 1 is none. Defaults to 32. */
  kernelSize?: number | undefined
  /** Tokens read at once, the question included; a longer text is read in parts that overlap. Defaults to 4,096, within the draft's context. */
  windowTokens?: number | undefined
}

/** The defaults of SpecPC: those of the paper's runs with Llama. */
export const specPcDefaults = Object.freeze({
  unit: 'word',
  windowSize: 64,
  kernelSize: 32,
  windowTokens: 4096,
} as const)

export interface ResolvedSpecPcOptions extends CallOptions {
  attender: DraftModel
  budget: TokenBudget
  unit: SpecPcUnit
  layers: ScoredLayers
  windowSize: number
  kernelSize: number
  windowTokens: number
  protection: ResolvedProtection
}

/**
 * Checks options and fills in defaults.
 * @throws InvalidArgumentError
 */
export function resolveSpecPcOptions(
  options: SpecPcOptions & CallOptions,
  runBudget?: TokenBudget,
): ResolvedSpecPcOptions {
  const { attender, signal, onProgress } = options
  checkDraftModel(attender)
  const defaults = specPcDefaults
  return {
    attender,
    signal,
    onProgress,
    budget: resolveBudget(options.budget ?? runBudget, attender.tokenizer),
    unit: checkOneOf(options.unit ?? defaults.unit, 'unit', ['word', 'line', 'sentence']),
    layers: checkLayers(options.layers ?? {}),
    windowSize: checkInteger(options.windowSize ?? defaults.windowSize, 'windowSize', { min: 1 }),
    kernelSize: checkInteger(options.kernelSize ?? defaults.kernelSize, 'kernelSize', { min: 1 }),
    windowTokens: checkInteger(options.windowTokens ?? defaults.windowTokens, 'windowTokens', { min: 32 }),
    protection: resolveProtection(options),
  }
}

/** @throws InvalidArgumentError for something that does not attend or has no tokenizer. */
export function checkDraftModel(attender: DraftModel): void {
  checkArgument(typeof attender?.attend === 'function', 'attender', attender, 'an Attender')
  checkArgument(
    typeof attender.tokenizer?.encode === 'function',
    'attender.tokenizer',
    attender.tokenizer,
    'a Tokenizer: positions of attention are its tokens',
  )
}

/** @throws InvalidArgumentError for layers that are no range. */
export function checkLayers({ from, to }: ScoredLayers): ScoredLayers {
  if (from !== undefined) checkInteger(from, 'layers.from', { min: 0 })
  if (to !== undefined) checkInteger(to, 'layers.to', { min: (from ?? 0) + 1 })
  return { from, to }
}
