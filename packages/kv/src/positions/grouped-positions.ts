/**
 * @file Positions in groups: tokens far apart stand for each other at coarser positions, so that no distance is longer than those a model
 * was trained on. Every pair of channels has a group size of its own; 1 leaves a pair as it is.
 */
import { checkArgument, checkInteger } from '@lc/model/check'

/** Group sizes of the pairs of channels of one key/value head, `[R/2]`. */
export type GroupSizes = ArrayLike<number>

/** How far a far query is turned on from its own position: floor(p / s) + W - W / s - p. */
export function queryShift(position: number, size: number, window: number): number {
  return Math.floor(position / size) + window - window / size - position
}

/** How far a far key is turned on from its own position: floor(k / s) - k. */
export function keyShift(position: number, size: number): number {
  return Math.floor(position / size) - position
}

/** The longest text whose far distances stay within the trained ones: (L - W) s + W (Self-Extend, section 3). */
export function reachOf(trainedLength: number, size: number, window: number): number {
  return (trainedLength - window) * size + window
}

/** @throws InvalidArgumentError for a window below 1, and sizes that do not divide it: queries would stand between groups */
export function checkGroups(sizes: GroupSizes, window: number): void {
  checkInteger(window, 'window', { min: 1 })
  for (let pair = 0; pair < sizes.length; pair++) {
    const size = checkInteger(sizes[pair]!, 'groups', { min: 1 })
    checkArgument(window % size === 0, 'groups', size, `sizes that divide the window of ${window}`)
  }
}
