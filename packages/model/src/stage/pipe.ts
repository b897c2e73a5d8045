import { checkArgument } from '../check/check-argument.ts'
import { defineStage } from './define-stage.ts'
import { runStage, stageNameOf } from './run-stage.ts'
import type { Stage } from './stage.ts'

/**
 * Stages one after the other, as one stage. The types of neighbours must fit. Between stages the abort signal is
 * checked; each stage is told as `stage-start` and `stage-end`.
 *
 * @throws what a stage throws; `signal.reason` after an abort.
 *
 * @example
 * ```ts
 * import { type ContextState, defineStage, pipe } from '@lc/model'
 *
 * const shortest = defineStage('shortest', async (state: ContextState) => ({
 *   ...state,
 *   passages: [...state.passages].sort((a, b) => a.text.length - b.text.length).slice(0, 3),
 * }))
 * const count = defineStage('count', async (state: ContextState) => state.passages.length)
 * console.log(await pipe(shortest, count)({ passages: [], reports: [] })) // 0
 * ```
 */
export function pipe<A, B>(first: Stage<A, B>): Stage<A, B>
export function pipe<A, B, C>(first: Stage<A, B>, second: Stage<B, C>): Stage<A, C>
export function pipe<A, B, C, D>(first: Stage<A, B>, second: Stage<B, C>, third: Stage<C, D>): Stage<A, D>
export function pipe<A, B, C, D, E>(
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
): Stage<A, E>
export function pipe<A, B, C, D, E, F>(
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
  fifth: Stage<E, F>,
): Stage<A, F>
export function pipe<A, B, C, D, E, F, G>(
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
  fifth: Stage<E, F>,
  sixth: Stage<F, G>,
): Stage<A, G>
export function pipe<A, B, C, D, E, F, G, H>(
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
  fifth: Stage<E, F>,
  sixth: Stage<F, G>,
  seventh: Stage<G, H>,
): Stage<A, H>
export function pipe<A, B, C, D, E, F, G, H, I>(
  first: Stage<A, B>,
  second: Stage<B, C>,
  third: Stage<C, D>,
  fourth: Stage<D, E>,
  fifth: Stage<E, F>,
  sixth: Stage<F, G>,
  seventh: Stage<G, H>,
  eighth: Stage<H, I>,
): Stage<A, I>
export function pipe(...stages: Stage<never, unknown>[]): Stage<never, unknown> {
  checkArgument(stages.length > 0, 'stages', stages, 'at least one stage')
  const name = stages.map((stage, index) => stageNameOf(stage, `stage ${index + 1}`)).join(' > ')
  return defineStage(name, async (input: never, run) => {
    let value: unknown = input
    for (const [index, stage] of stages.entries())
      value = await runStage(stage, value as never, run, `stage ${index + 1}`)
    return value
  })
}
