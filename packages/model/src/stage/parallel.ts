import { mergeSignals } from '../abort/merge-signals.ts'
import { checkArgument } from '../check/check-argument.ts'
import { defineStage } from './define-stage.ts'
import { runStage, stageNameOf } from './run-stage.ts'
import { seededRandom } from './seeded-random.ts'
import type { Stage } from './stage.ts'

/**
 * Stages side by side on the same input, as one stage that gives their outputs in order. When one fails the others are
 * aborted and waited for, so that nothing is left running; then the first failure is thrown.
 *
 * @example
 * ```ts
 * import { defineStage, parallel } from '@lc/model'
 *
 * const length = defineStage('length', async (text: string) => text.length)
 * const upper = defineStage('upper', async (text: string) => text.toUpperCase())
 * const [count, shout] = await parallel(length, upper)('hey')
 * console.log(count, shout) // 3 HEY
 * ```
 */
export function parallel<Input, const Outputs extends readonly unknown[]>(
  ...stages: { readonly [K in keyof Outputs]: Stage<Input, Outputs[K]> }
): Stage<Input, { -readonly [K in keyof Outputs]: Outputs[K] }> {
  const all = stages as readonly Stage<Input, unknown>[]
  checkArgument(all.length > 0, 'stages', all, 'at least one stage')
  const name = all.map((stage, index) => stageNameOf(stage, `stage ${index + 1}`)).join(' | ')
  return defineStage(name, async (input: Input, run) => {
    const merged = mergeSignals({ signals: [run.signal] })
    let failure: { error: unknown } | undefined
    // each stage has its own numbers, so that they do not depend on who comes first
    const seeds = all.map(() => Math.floor(run.random() * 2 ** 32))
    const outputs = await Promise.all(
      all.map(async (stage, index) => {
        const own = { ...run, signal: merged.signal, random: seededRandom(seeds[index]!) }
        try {
          return await runStage(stage, input, own, `stage ${index + 1}`)
        } catch (error) {
          failure ??= { error }
          merged.abort(error)
          return undefined
        }
      }),
    )
    merged.release()
    if (failure) throw failure.error
    return outputs as { -readonly [K in keyof Outputs]: Outputs[K] }
  })
}
