import type { JsonValue } from '@lc/model'
import type { TokenConstraint } from '../token-constraint.ts'
import { compileSchema } from './compile-schema.ts'
import { mayEnd, type State, startState, stepState } from './json-states.ts'

/** Holds an output to a JSON schema. @throws UnsupportedCapabilityError for keywords that cannot be held. */
export function schemaConstraint(schema: JsonValue, model: string): TokenConstraint {
  let states: readonly (State | undefined)[] = [startState(compileSchema(schema, model))]
  return {
    allows: (bytes) => advance(states, bytes).length > 0,
    push(bytes) {
      states = advance(states, bytes)
    },
    get complete() {
      return states.some(mayEnd)
    },
    get finished() {
      return states.length > 0 && states.every((state) => state === undefined)
    },
  }
}

function advance(states: readonly (State | undefined)[], bytes: Uint8Array): readonly (State | undefined)[] {
  let current = states
  for (const byte of bytes) {
    // nothing follows a whole value
    current = current.flatMap((state) => (state ? stepState(state, byte) : []))
    if (current.length === 0) break
  }
  return current
}
