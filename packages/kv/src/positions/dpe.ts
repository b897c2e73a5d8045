import type { AttentionPattern } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import { checkArgument, checkInteger } from '@lc/model/check'
import { hash } from '../policy/hash.ts'
import { groupedAttention } from './grouped-attention.ts'
import { checkGroups } from './grouped-positions.ts'
import type { KeyPairs } from './key-pairs.ts'

/** Options of `dpe`. */
export interface DpeOptions {
  /** Group sizes by band of channel pairs, from high to low frequency: bands are equally many pairs. 8 in the published settings. */
  readonly groups: readonly number[]
  /** Keys nearer than this keep their own positions; a multiple of all groups. Defaults to 1,024. */
  readonly window?: number
  /** The pairs that matter, by layer and key/value head: others keep their own positions everywhere. Defaults to all pairs. */
  readonly keyPairs?: KeyPairs
}

/** The defaults of `dpe`. */
export const dpeDefaults = Object.freeze({ window: 1024 } as const)

/**
 * DPE: Self-Extend with a group size for each band of frequencies, on the channel pairs that matter for a head (`detectKeyPairs`). Each
 * band is moved to the distances that the model uses best there; the sizes are found by trying, and belong to a model and a length.
 *
 * Lu et al., "Effective Length Extrapolation via Dimension-Wise Positional Embeddings Manipulation" (COLM 2025); LuLuLuyi/DPE. Key pairs
 * are published by query head; here, as keys are turned too, by key/value head.
 *
 * @throws InvalidArgumentError for groups that do not divide the window
 */
export function dpe(options: DpeOptions): AttentionPattern {
  const { groups, keyPairs } = options
  const window = checkInteger(options.window ?? dpeDefaults.window, 'window', { min: 1 })
  checkArgument(groups.length > 0, 'groups', groups, 'at least one size')
  checkGroups(groups, window)
  const chosen = keyPairs ? `, ${hash(...keyPairs.chosen).toString(16)}` : ''
  const id = `dpe(${groups.join(' ')}, ${window}${chosen})`
  return groupedAttention({
    id,
    window,
    sizesOf: ({ layers, kvHeads, ropes }, layer) => {
      const pairs = ropes[layers[layer]!.rope!]!.rotaryDim / 2
      const missing = (what: string) => new PolicyPlanError({ policy: id, missing: what })
      if (pairs % groups.length !== 0) throw missing(`${groups.length} equal bands of ${pairs} pairs of channels`)
      if (keyPairs && (keyPairs.layers !== layers.length || keyPairs.kvHeads !== kvHeads || keyPairs.pairs !== pairs))
        throw missing(`key pairs of ${layers.length} layers, ${kvHeads} heads and ${pairs} pairs`)
      const band = pairs / groups.length
      return Array.from({ length: kvHeads }, (_, head) =>
        Array.from({ length: pairs }, (_, pair) => {
          const matters = keyPairs ? keyPairs.chosen[(layer * kvHeads + head) * pairs + pair] === 1 : true
          return matters ? groups[Math.floor(pair / band)]! : 1
        }),
      )
    },
  })
}
