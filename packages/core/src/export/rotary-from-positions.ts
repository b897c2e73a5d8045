import { UnsupportedModelError } from '../errors/unsupported-model-error.ts'
import type { Graph } from '../graph/graph.ts'
import { add, cast, divide, greater, multiply, subtract, where } from '../graph/ops/elementwise.ts'
import { gather } from '../graph/ops/gather.ts'
import { reduceMax } from '../graph/ops/reduction.ts'
import type { Value } from '../graph/value.ts'
import type { RopeConfig } from '../models/rope/rope-config.ts'
import { ropeFrequencies } from '../models/rope/rope-frequencies.ts'

/** Cosines and sines of tokens: the shape of the positions, and R/2. */
export interface RotaryRows {
  readonly cos: Value
  readonly sin: Value
}

/** Positions per row of the coarse table. */
const step = 256

/**
 * Cosines and sines of int64 positions within the graph, for models that get positions instead of tables. The angle is split,
 * position = 256 coarse + fine, and put together by cos(a + b) = cos a cos b - sin a sin b: two small tables computed in float64 stand
 * for one of all positions, and no angle is ever computed in float32.
 *
 * @throws UnsupportedModelError for dynamic scaling, whose frequencies change with the length of the text.
 */
export function rotaryFromPositions(
  graph: Graph,
  positions: Value,
  rope: RopeConfig,
  maxPositions: number,
): RotaryRows {
  const { scaling } = rope
  if (scaling.kind === 'dynamic')
    throw new UnsupportedModelError({
      modelType: 'dynamic rotary scaling in an export',
      supported: ['none', 'linear', 'ntk', 'llama3', 'yarn', 'longrope'],
    })
  const places = cast(positions, 'int32')
  const coarse = divide(places, step)
  const fine = subtract(places, multiply(coarse, step))
  const rows = (length: number): RotaryRows => tableRows(graph, { coarse, fine }, rope, length, maxPositions)
  if (scaling.kind !== 'longrope') return rows(maxPositions)
  // the factors change once a text is longer than what the model was trained on first
  const last = reduceMax(places, { axes: places.shape.map((_, axis) => axis), keepDims: false })
  const long = greater(add(last, 1), scaling.trainedLength)
  const [short, stretched] = [rows(scaling.trainedLength), rows(scaling.trainedLength + 1)]
  return { cos: where(long, stretched.cos, short.cos), sin: where(long, stretched.sin, short.sin) }
}

function tableRows(
  graph: Graph,
  places: { readonly coarse: Value; readonly fine: Value },
  rope: RopeConfig,
  length: number,
  maxPositions: number,
): RotaryRows {
  const { inverse, attentionFactor } = ropeFrequencies(rope, length)
  const table = (count: number, distance: number, of: (angle: number) => number): Value => {
    const data = new Float32Array(count * inverse.length)
    for (let row = 0; row < count; row += 1)
      for (let column = 0; column < inverse.length; column += 1)
        data[row * inverse.length + column] = of(row * distance * inverse[column]!)
    return graph.constant(data, [count, inverse.length])
  }
  const blocks = Math.ceil(maxPositions / step)
  const [cosA, sinA] = [
    gather(
      table(blocks, step, (angle) => attentionFactor * Math.cos(angle)),
      places.coarse,
    ),
    gather(
      table(blocks, step, (angle) => attentionFactor * Math.sin(angle)),
      places.coarse,
    ),
  ]
  const [cosB, sinB] = [gather(table(step, 1, Math.cos), places.fine), gather(table(step, 1, Math.sin), places.fine)]
  return {
    cos: subtract(multiply(cosA, cosB), multiply(sinA, sinB)),
    sin: add(multiply(sinA, cosB), multiply(cosA, sinB)),
  }
}
