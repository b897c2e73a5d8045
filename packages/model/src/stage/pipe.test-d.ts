/** @file What `pipe`, `parallel` and `branch` infer and refuse. */
import { expectTypeOf, test } from 'vitest'
import { branch } from './branch.ts'
import type { ContextState } from './context-state.ts'
import { defineStage } from './define-stage.ts'
import { parallel } from './parallel.ts'
import { pipe } from './pipe.ts'
import type { Stage } from './stage.ts'

declare const count: Stage<string, number>
declare const double: Stage<number, number>
declare const print: Stage<number, string>
declare const state: Stage<ContextState, ContextState>

test('pipe goes from the first input to the last output', () => {
  expectTypeOf(pipe(count)).toEqualTypeOf<Stage<string, number>>()
  expectTypeOf(pipe(count, double, print)).toEqualTypeOf<Stage<string, string>>()
  expectTypeOf(pipe(state, state, state)).toEqualTypeOf<Stage<ContextState, ContextState>>()
  expectTypeOf(pipe(count, double, double, double, double, double, double, print)).toEqualTypeOf<
    Stage<string, string>
  >()
})

test('pipe refuses neighbours that do not fit, an empty list, and a ninth stage', () => {
  // @ts-expect-error a number is no string
  pipe(double, count)
  // @ts-expect-error at least one stage
  pipe()
  // @ts-expect-error at most eight
  pipe(double, double, double, double, double, double, double, double, double)
  // @ts-expect-error the input is a string
  pipe(count, double)(3)
})

test('parallel gives a tuple', () => {
  expectTypeOf(parallel(double, print)).toEqualTypeOf<Stage<number, [number, string]>>()
  // @ts-expect-error no value is a string and a number
  parallel(count, double)('text')
})

test('branch wants a stage for every choice', () => {
  const sign = (value: number) => (value < 0 ? ('negative' as const) : ('other' as const))
  expectTypeOf(branch(sign, { negative: double, other: double })).toEqualTypeOf<Stage<number, number>>()
  // @ts-expect-error a choice without a stage
  branch(sign, { negative: double })
})

test('defineStage gives its function a run context that is always there', () => {
  const stage = defineStage('name', async (value: number, run) => run.now() + value)
  expectTypeOf(stage).toEqualTypeOf<Stage<number, number>>()
})
