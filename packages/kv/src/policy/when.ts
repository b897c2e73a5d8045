import type { CacheTrigger } from '@lc/core'
import { checkInteger, checkOneOf } from '@lc/model/check'

/** When a policy that scores acts. */
export interface WhenOptions {
  /**
   * `'whole'` (default) reads a prompt in full and evicts at its end; `'chunks'` also evicts after each chunk, so that the memory of
   * a long prompt stays bounded, and later chunks see only what was kept.
   */
  readonly prompt?: 'whole' | 'chunks'
  /** Evicts again after every so many generated tokens. */
  readonly every?: number
}

/** The triggers that options mean; `every` is what the method itself does while generating. */
export function triggersOf({ prompt = 'whole', every }: WhenOptions, ownEvery?: number): CacheTrigger[] {
  checkOneOf(prompt, 'prompt', ['whole', 'chunks'])
  const steps = every ?? ownEvery
  return [
    ...(prompt === 'chunks' ? [{ on: 'prefill-chunk' } as const] : []),
    { on: 'prefill-end' },
    ...(steps === undefined ? [] : [{ on: 'step', every: checkInteger(steps, 'every', { min: 1 }) } as const]),
  ]
}
