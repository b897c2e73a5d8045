import { checkArgument } from '@lc/model/check'

/** Checks numbers of layers, as far as they can be checked without a model. */
export function checkLayers(layers: readonly number[], argument: string): readonly number[] {
  const numbers = Array.isArray(layers) && layers.every((layer) => Number.isInteger(layer) && layer >= 0)
  checkArgument(numbers, argument, layers, 'numbers of layers, from 0')
  return layers
}
