/**
 * @file The hard bound: a planned keep-set is rendered, counted exactly, trimmed until it fits, and filled with what still
 * fits. Plans add token counts of parts; only here the tokens of the whole string decide.
 */
import { BudgetTooSmallError } from '@lc/model/errors'
import type { RenderedContext } from './render-kept.ts'

/** A smallest thing that is kept or dropped. */
export interface KeepItem {
  /** Its tokens, about. */
  tokens: number
  /** What it is worth; the least worth per token goes first, the most comes first. */
  value: number
  /** The index of the item that must be kept too, smaller than the own; -1 for none. */
  parent: number
  /** 0 or missing, or how late it is given up: before all of its worth. */
  protection?: number
}

export interface FitKeepSetInput {
  items: readonly KeepItem[]
  /** The plan: 1 for each item to keep. Closed under parents. Changed in place. */
  kept: Uint8Array
  budget: number
  render(kept: Uint8Array): RenderedContext
  count(text: string): number
  /** What is left of the budget goes to any item (default), or only to items of the plan that were trimmed. */
  fill?: 'all' | 'planned'
  /** Whether protected items (which the plan must hold) may not be given up. Defaults to false. */
  required?: boolean
}

export interface FitKeepSetResult {
  rendered: RenderedContext
  tokens: number
}

/**
 * Makes a plan fit. The result is within the budget always; it is empty when nothing fits.
 * @throws BudgetTooSmallError when protected items are required and do not fit
 */
export function fitKeepSet(input: FitKeepSetInput): FitKeepSetResult {
  if (input.required) checkRequired(input)
  const planned = input.kept.slice()
  const trimmed = trim(input, measure(input))
  return fill(input, trimmed, (index) => input.fill !== 'planned' || planned[index] === 1)
}

function measure(input: FitKeepSetInput): FitKeepSetResult {
  const rendered = input.render(input.kept)
  return { rendered, tokens: input.count(rendered.text) }
}

/** What is protected must fit with all that it depends on, and nothing else. */
function checkRequired(input: FitKeepSetInput): void {
  const { items, budget } = input
  const least = new Uint8Array(items.length)
  items.forEach((item, index) => {
    if (isProtected(item)) for (const each of missingChain(items, least, index)) least[each] = 1
  })
  const { tokens } = measure({ ...input, kept: least })
  if (tokens > budget) throw new BudgetTooSmallError({ budget, minimum: tokens, reason: 'protected text' })
}

function isProtected({ protection = 0 }: KeepItem): boolean {
  return protection > 0
}

/** Negative where the first is given up later: more protected, or denser. */
function compareWorth(a: KeepItem, b: KeepItem): number {
  return (b.protection ?? 0) - (a.protection ?? 0) || density(b) - density(a)
}

function density(item: KeepItem): number {
  return item.value / Math.max(1, item.tokens)
}

/** Drops the items of least density that nothing kept depends on, until the text fits. */
function trim(input: FitKeepSetInput, start: FitKeepSetResult): FitKeepSetResult {
  const { items, kept, budget } = input
  if (start.tokens <= budget) return start
  const dependants = new Uint32Array(items.length)
  items.forEach((item, index) => {
    if (kept[index] && item.parent >= 0) dependants[item.parent]!++
  })
  const leaves = items.flatMap((_, index) => (kept[index] && dependants[index] === 0 ? [index] : []))
  // the last is dropped first: the least dense, of equals the latest
  leaves.sort((a, b) => compareWorth(items[a]!, items[b]!) || a - b)
  let current = start
  while (current.tokens > budget && leaves.length > 0) {
    let excess = current.tokens - budget
    while (excess > 0 && leaves.length > 0) {
      const index = leaves.pop()!
      if (input.required && isProtected(items[index]!)) {
        // all that may go is gone
        leaves.length = 0
        break
      }
      kept[index] = 0
      excess -= Math.max(1, items[index]!.tokens)
      const { parent } = items[index]!
      if (parent >= 0 && --dependants[parent]! === 0) insertLeaf(leaves, items, parent)
    }
    current = measure(input)
  }
  if (current.tokens <= budget) return current
  kept.fill(0)
  return measure(input)
}

function insertLeaf(leaves: number[], items: readonly KeepItem[], index: number): void {
  let low = 0
  let high = leaves.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareWorth(items[leaves[middle]!]!, items[index]!) <= 0) low = middle + 1
    else high = middle
  }
  leaves.splice(low, 0, index)
}

/** The most work that exact trials of single items may do, in tokens counted and tenths of items rendered, so that filling stays linear. */
const trialWork = 400_000
/** A part can take fewer tokens in the whole than alone (a marker disappears beside it). */
const slackPerItem = 8

/** Adds items by density: first as many as should fit, then one by one what is left, each checked on the rendered text. */
function fill(input: FitKeepSetInput, start: FitKeepSetResult, allowed: (index: number) => boolean): FitKeepSetResult {
  const { items, kept, budget } = input
  const order = items.map((_, index) => index).filter((index) => !kept[index] && allowed(index))
  order.sort((a, b) => compareWorth(items[a]!, items[b]!) || a - b)
  let current = start
  for (let round = 0; round < 8; round++) {
    const before = kept.slice()
    if (!addByEstimate(items, kept, order, budget - current.tokens)) break
    // markers make it longer than its parts: what is too much goes again, the least worth first
    const next = trim(input, measure(input))
    if (next.tokens <= current.tokens) {
      kept.set(before)
      break
    }
    current = next
  }
  return addByTrial(input, order, current)
}

/** Adds what should fit by its own tokens, in order; tells whether anything was added. */
function addByEstimate(items: readonly KeepItem[], kept: Uint8Array, order: readonly number[], room: number): boolean {
  let left = room
  for (const index of order) {
    const chain = missingChain(items, kept, index)
    const tokens = chain.reduce((sum, each) => sum + items[each]!.tokens, 0)
    if (chain.length === 0 || tokens > left) continue
    for (const each of chain) kept[each] = 1
    left -= tokens
  }
  return left < room
}

function addByTrial(input: FitKeepSetInput, order: readonly number[], start: FitKeepSetResult): FitKeepSetResult {
  const trials = { current: start, spent: 0 }
  // an addition can join two gaps and so make room for one that was tried before it
  for (let added = true; added; ) {
    added = false
    for (const index of order) {
      if (trials.spent > trialWork) return trials.current
      if (tryItem(input, index, trials)) added = true
    }
  }
  return trials.current
}

/** Whether the item was not there, and is now. */
function tryItem(input: FitKeepSetInput, index: number, trials: { current: FitKeepSetResult; spent: number }): boolean {
  const { items, kept, budget } = input
  const chain = missingChain(items, kept, index)
  const tokens = chain.reduce((sum, each) => sum + items[each]!.tokens, 0)
  if (chain.length === 0 || tokens > budget - trials.current.tokens + slackPerItem * chain.length) return false
  for (const each of chain) kept[each] = 1
  const next = measure(input)
  trials.spent += next.tokens + input.items.length / 10 + 1
  if (next.tokens > budget) {
    for (const each of chain) kept[each] = 0
    return false
  }
  trials.current = next
  return true
}

/** The item and those above it that are not kept yet; empty when it is kept. */
function missingChain(items: readonly KeepItem[], kept: Uint8Array, index: number): number[] {
  const chain: number[] = []
  for (let at = index; at >= 0 && !kept[at]; at = items[at]!.parent) chain.push(at)
  return chain
}
