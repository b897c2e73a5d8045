import type { PatternFeedContext } from '@lc/core'

/** What a pattern keeps by cache: made when a cache is first seen, and again after its slots were edited. */
export class CacheMemory<State> {
  readonly #states = new WeakMap<object, { readonly edits: number; readonly state: State }>()
  readonly #make: (context: PatternFeedContext) => State

  constructor(make: (context: PatternFeedContext) => State) {
    this.#make = make
  }

  of(context: PatternFeedContext): State {
    const known = this.#states.get(context.cache)
    if (known?.edits === context.edits) return known.state
    const state = this.#make(context)
    this.#states.set(context.cache, { edits: context.edits, state })
    return state
  }
}
