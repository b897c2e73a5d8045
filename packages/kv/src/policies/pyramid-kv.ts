import { checkNumber, checkOneOf } from '@lc/model/check'
import { pyramidShare, pyramidShareOfKvpress } from '../budgeters/pyramid-share.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { type SnapKvOptions, snapKv } from './snap-kv.ts'

/** Options of `pyramidKv`. */
export interface PyramidKvOptions extends SnapKvOptions {
  /** The last layer gets about 1 / beta of the mean. Defaults to 20. */
  readonly beta?: number
  /** `'kvpress'` shares as PyramidKVPress does, whose window is on top of the budget. */
  readonly variant?: 'kvpress'
}

/** The defaults of `pyramidKv`. */
export const pyramidKvDefaults = Object.freeze({ beta: 20 } as const)

/**
 * PyramidKV: SnapKV's scores, with budgets that fall linearly from the first layer to the last.
 *
 * Cai et al., "PyramidKV" (2024); Zefan-Cai/PyramidKV. The official integer step overshoots the total by up to a slot for
 * each layer; here it is met exactly. Independent measurements find it no better than SnapKV except at very small budgets.
 */
export function pyramidKv(options: PyramidKvOptions): ScoredPolicy {
  const beta = checkNumber(options.beta ?? pyramidKvDefaults.beta, 'beta', { min: 1 })
  if (options.variant !== undefined) checkOneOf(options.variant, 'variant', ['kvpress'])
  const { parts } = snapKv(options)
  const share = options.variant === 'kvpress' ? pyramidShareOfKvpress(beta) : pyramidShare(beta)
  return scoredPolicy({ ...parts, id: 'pyramid-kv', share })
}
