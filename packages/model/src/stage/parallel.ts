import { mergeSignals } from '../abort/merge-signals.ts'
import { checkArgument } from '../check/check-argument.ts'
import { defineStage } from './define-stage.ts'
import { runStage, stageNameOf } from './run-stage.ts'
import { seededRandom } from './seeded-random.ts'
import type { Stage } from './stage.ts'

/** What all of the stages can take: the intersection of their inputs. */
export type StageInput<Stages> = (Stages extends Stage<infer Input, unknown> ? (input: Input) => void : never) extends (
  input: infer Input,
) => void
  ? Input
  : never

/** The outputs of a list of stages, in order. */
export type StageOutputs<Stages extends readonly Stage<never, unknown>[]> = {
  -readonly [K in keyof Stages]: Stages[K] extends Stage<never, infer Output> ? Output : never
}

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
export function parallel<const Stages extends readonly Stage<never, unknown>[]>(
  ...stages: Stages
): Stage<StageInput<Stages[number]>, StageOutputs<Stages>> {
  type Input = StageInput<Stages[number]>
  const all = stages as readonly unknown[] as readonly Stage<Input, unknown>[]
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
    return outputs as StageOutputs<Stages>
  })
}
