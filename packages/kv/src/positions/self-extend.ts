import type { AttentionPattern } from '@lc/core'
import { checkInteger } from '@lc/model/check'
import { groupedAttention } from './grouped-attention.ts'
import { checkGroups } from './grouped-positions.ts'

/** Options of `selfExtend`. */
export interface SelfExtendOptions {
  /** Positions in a group. Defaults to 8. */
  readonly group?: number
  /** Keys nearer than this keep their own positions; a multiple of the group. Defaults to 1,024. */
  readonly window?: number
}

/** The defaults of `selfExtend`, as in the official code. */
export const selfExtendDefaults = Object.freeze({ group: 8, window: 1024 } as const)

/**
 * Self-Extend: keys beyond a window stand at floor(k / G), seen from floor(q / G) + W - W / G, so that a model reads
 * (trained length - W) G + W tokens without training. The authors advise half to two thirds of the trained length to exceed
 * W + (N - W) / G for texts of N tokens.
 *
 * Jin et al., "LLM Maybe LongLM: Self-Extend LLM Context Window Without Tuning" (ICML 2024), section 3; datamllab/LongLM. The official
 * code has W / G as a fraction when it reads and rounded when it decodes: here G must divide W. Its optional scaling of queries is left
 * out.
 *
 * @throws InvalidArgumentError for a group that does not divide the window
 */
export function selfExtend(options: SelfExtendOptions = {}): AttentionPattern {
  const group = checkInteger(options.group ?? selfExtendDefaults.group, 'group', { min: 1 })
  const window = checkInteger(options.window ?? selfExtendDefaults.window, 'window', { min: 1 })
  checkGroups([group], window)
  return groupedAttention({
    id: `self-extend(${group}, ${window})`,
    window,
    sizesOf: (config, layer) => {
      const pairs = config.ropes[config.layers[layer]!.rope!]!.rotaryDim / 2
      return new Array<number[]>(config.kvHeads).fill(new Array<number>(pairs).fill(group))
    },
  })
}
