/** @file Names of encoder weights: prefixes of checkpoints, and binding their bytes to a graph. */
import { FileFormatError } from '../../errors/file-format-error.ts'
import type { Graph } from '../../graph/graph.ts'
import type { Value } from '../../graph/value.ts'
import type { WeightData } from '../../runtime/device.ts'
import type { WeightSource } from '../../weights/weight-source.ts'

// a model saved with a head carries the name of its body before the names inside it
const prefixes = ['', 'bert.', 'roberta.', 'model.', 'camembert.', 'modernbert.']

/** Declares weights of a graph by their names without prefix. */
export interface EncoderWeights {
  weight(name: string, shape: readonly number[]): Value
  /** `x @ weight^T + bias` needs a bias: undefined where the model has none. */
  optional(name: string, shape: readonly number[]): Value | undefined
}

/** Weights under the names of a checkpoint; without one, under the plain names of transformers' own classes. */
export function encoderWeights(graph: Graph, source?: Pick<WeightSource, 'names'>): EncoderWeights {
  const known = source && new Set(source.names)
  const declared = new Map<string, Value>()
  function declare(name: string, shape: readonly number[]): Value {
    const found = declared.get(name) ?? graph.weight(name, 'float32', shape)
    declared.set(name, found)
    return found
  }
  return {
    weight(name, shape) {
      const actual = known ? resolveName(known, name) : name
      if (actual === undefined)
        throw new FileFormatError({ file: 'the checkpoint', format: 'weights', problem: `it has no weight ${name}` })
      return declare(actual, shape)
    },
    optional(name, shape) {
      const actual = known ? resolveName(known, name) : name
      return actual === undefined ? undefined : declare(actual, shape)
    },
  }
}

/** The name that a checkpoint uses for a weight. */
function resolveName(known: ReadonlySet<string>, name: string): string | undefined {
  const prefix = prefixes.find((candidate) => known.has(candidate + name))
  return prefix === undefined ? undefined : prefix + name
}

/**
 * The bytes of every weight that the graph declares: mapped from the file where they lie there as float32, otherwise converted.
 *
 * @throws FileFormatError where a weight has another shape than the configuration says.
 */
export async function bindEncoderWeights(
  graph: Graph,
  source: WeightSource,
  signal?: AbortSignal,
): Promise<Map<string, WeightData>> {
  const bound = new Map<string, WeightData>()
  for (const [name, value] of graph.weights) {
    signal?.throwIfAborted()
    checkWeightShape(name, value.shape as readonly number[], source)
    const location = source.location(name)
    bound.set(
      name,
      location ? { kind: 'file', ...location } : { kind: 'memory', data: await source.float32(name, signal) },
    )
  }
  return bound
}

function checkWeightShape(name: string, shape: readonly number[], source: WeightSource): void {
  const info = source.info(name)
  if (info && info.shape.length === shape.length && info.shape.every((size, axis) => size === shape[axis])) return
  throw new FileFormatError({
    file: 'the checkpoint',
    format: 'weights',
    problem: `${name} must have the shape [${shape.join(', ')}]; it has ${info ? `[${info.shape.join(', ')}]` : 'none'}`,
  })
}
