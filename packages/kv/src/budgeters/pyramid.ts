import { checkInteger } from '@lc/model/check'

/** Sizes of a model and the budget that its layers share. */
export interface PyramidOptions {
  layerCount: number
  /** Slots per head, the window included. */
  budget: number
  /** Slots of the observation window, kept in every layer. */
  window: number
  promptLength: number
  /** The last layer gets about `1 / beta` of the mean. Defaults to 20. */
  beta?: number
}

/**
 * PyramidKV's budgets: slots chosen by score in each layer (window not counted), falling linearly from the first layer to
 * the last. The integer step makes the total overshoot `layerCount * (budget - window)` by less than
 * `layerCount * (layerCount - 1) / 2`, as in the official code.
 *
 * Source: Cai et al., "PyramidKV" (2024); Zefan-Cai/PyramidKV.
 */
export function pyramidBudgets(options: PyramidOptions): Uint32Array {
  const { layerCount, budget, window, promptLength, beta = 20 } = options
  checkInteger(layerCount, 'layerCount', { min: 1 })
  checkInteger(budget - window, 'budget - window', { min: 1 })
  const base = budget - window
  let min = Math.floor(base / beta)
  let max = 2 * base - min
  if (max >= promptLength - window) {
    max = promptLength - window
    min = 2 * base - max
  }
  const step = layerCount > 1 ? Math.floor((max - min) / (layerCount - 1)) : 0
  return Uint32Array.from({ length: layerCount }, (_, layer) =>
    Math.max(0, Math.min(promptLength - window, max - layer * step)),
  )
}
