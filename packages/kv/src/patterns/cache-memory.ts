import type { PatternFeedContext } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'

/** What a pattern keeps by cache: made when a cache is first seen, and again after its slots were edited. */
export class CacheMemory<State> {
  readonly #states = new WeakMap<object, { readonly edits: number; readonly state: State }>()
  readonly #pattern: string
  readonly #make: (context: PatternFeedContext) => State

  /** @param pattern names the pattern in errors */
  constructor(pattern: string, make: (context: PatternFeedContext) => State) {
    this.#pattern = pattern
    this.#make = make
  }

  /** @throws PolicyPlanError for a cache of 8-bit codes, which patterns cannot read */
  of(context: PatternFeedContext): State {
    if (!(context.keys(0) instanceof Float32Array))
      throw new PolicyPlanError({ policy: this.#pattern, missing: 'a cache in float32' })
    const known = this.#states.get(context.cache)
    if (known?.edits === context.edits) return known.state
    const state = this.#make(context)
    this.#states.set(context.cache, { edits: context.edits, state })
    return state
  }

  /** Gives a fork of a cache what `copy` makes of its origin's state, where that was seen. */
  fork(from: object, to: object, copy: (state: State) => State): void {
    const known = this.#states.get(from)
    if (known) this.#states.set(to, { edits: known.edits, state: copy(known.state) })
  }

  /**
   * The same as `of`, for patterns whose choices are over all tokens of a text, at their own places: those that models are trained with.
   *
   * @throws PolicyPlanError where a policy evicted or moved tokens
   */
  ofWhole(context: PatternFeedContext): State {
    const known = this.#states.get(context.cache)
    if ((known && known.edits !== context.edits) || !holdsEveryToken(context))
      throw new PolicyPlanError({
        policy: this.#pattern,
        missing: 'a cache that holds every token: no policy may edit it',
      })
    return this.of(context)
  }
}

function holdsEveryToken({ config, length, position }: PatternFeedContext): boolean {
  const heads = Array.from({ length: config.kvHeads }, (_, head) => head)
  return config.layers.every((_, layer) => heads.every((head) => length(layer, head) === position))
}
