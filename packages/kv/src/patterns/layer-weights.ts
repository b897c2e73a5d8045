import type { WeightSource } from '@lc/core/weights'
import { checkArgument } from '@lc/model/check'

/**
 * Reads something of the attention of each layer of a checkpoint: of all layers that have a tensor of this name.
 *
 * @throws InvalidArgumentError where none has
 */
export async function readLayers<T>(
  weights: WeightSource,
  tensor: string,
  read: (prefix: string) => Promise<T>,
): Promise<readonly T[]> {
  const prefixOf = (layer: number): string => `model.layers.${layer}.self_attn`
  const result: T[] = []
  while (weights.info(`${prefixOf(result.length)}.${tensor}`)) result.push(await read(prefixOf(result.length)))
  checkArgument(result.length > 0, 'weights', weights.names.slice(0, 3), `a checkpoint with ${prefixOf(0)}.${tensor}`)
  return result
}
