import { multiply, quickGelu } from '../ops/elementwise.ts'
import type { Value } from '../value.ts'

/** SiLU(gate) * up, the gated activation of Llama-like models (Shazeer 2020). */
export function swiglu(gate: Value, up: Value): Value {
  return multiply(quickGelu(gate), up)
}
