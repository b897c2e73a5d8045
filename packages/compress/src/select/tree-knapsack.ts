/**
 * @file Knapsack with preconditions: an item may be taken only with its parent. Exact, by dynamic programming over the
 * items in preorder (Cho and Shaw, "A depth-first dynamic programming algorithm for the tree knapsack problem", 1997):
 * either take an item and go on with its first child, or leave it and skip its whole subtree.
 */
import { checkArgument } from '@lc/model/check'

export interface TreeKnapsackInput {
  /** Whole numbers >= 0. */
  weights: ArrayLike<number>
  values: ArrayLike<number>
  /** The index of the item that must be taken too, always smaller than the own index; -1 for none. In preorder. */
  parents: ArrayLike<number>
  capacity: number
  /** The capacity is measured in at most so many steps; weights are rounded up to steps. Defaults to 4,096. */
  steps?: number
}

/** The best set that is closed under parents and fits. @returns 1 for each item taken */
export function treeKnapsack(input: TreeKnapsackInput): Uint8Array {
  const { weights, values, parents } = input
  const count = weights.length
  const taken = new Uint8Array(count)
  const capacity = Math.max(0, Math.floor(input.capacity))
  const step = Math.max(1, Math.ceil(capacity / (input.steps ?? 4096)))
  const room = Math.floor(capacity / step)
  const after = subtreeEnds(parents, count)
  // best[i]: for each capacity the best value of the items from i on, given that i may be taken; [count + 1][room + 1]
  const best: Float64Array[] = []
  best[count] = new Float64Array(room + 1)
  const lastUse = lastUses(after, count)
  const choices: Uint8Array[] = []
  for (let index = count - 1; index >= 0; index--) {
    const weight = Math.ceil(weights[index]! / step)
    const row = best[after[index]!]!.slice()
    const next = best[index + 1]!
    const choice = new Uint8Array(room + 1)
    const value = values[index]!
    for (let left = weight; left <= room; left++) {
      const withItem = next[left - weight]! + value
      if (withItem > row[left]!) {
        row[left] = withItem
        choice[left] = 1
      }
    }
    best[index] = row
    choices[index] = choice
    releaseRows(best, lastUse, index, after[index]!)
  }
  let left = room
  for (let index = 0; index < count; ) {
    if (choices[index]![left] === 1) {
      taken[index] = 1
      left -= Math.ceil(weights[index]! / step)
      index++
    } else index = after[index]!
  }
  return taken
}

/** For each item the index after its last descendant. */
function subtreeEnds(parents: ArrayLike<number>, count: number): Uint32Array {
  const ends = new Uint32Array(count)
  for (let index = count - 1; index >= 0; index--) {
    ends[index] = Math.max(ends[index]!, index + 1)
    const parent = parents[index]!
    checkArgument(parent < index && parent >= -1, 'parents', parent, 'smaller than the own index, or -1')
    if (parent >= 0) ends[parent] = Math.max(ends[parent]!, ends[index]!)
  }
  return ends
}

// a row is read last by the smallest index that skips to it, or by the item before it
function lastUses(after: Uint32Array, count: number): Int32Array {
  const last = new Int32Array(count + 1)
  for (let index = 0; index <= count; index++) last[index] = index - 1
  for (let index = count - 1; index >= 0; index--) last[after[index]!] = Math.min(last[after[index]!]!, index)
  return last
}

function releaseRows(best: Float64Array[], lastUse: Int32Array, index: number, after: number): void {
  // only the row just passed and the row skipped to can be free now
  if (lastUse[index + 1] === index) delete best[index + 1]
  if (lastUse[after] === index) delete best[after]
}
