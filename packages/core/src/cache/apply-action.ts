/** @file Carries out the actions of policies on a cache. */
import { checkArgument } from '@lc/model/check'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import { ropeFrequencies } from '../models/rope/rope-frequencies.ts'
import type { CacheAction, SlotChoice } from './cache-policy.ts'
import type { KvCache } from './kv-cache.ts'
import { KeyTurns } from './rotate-key.ts'

/** What actions need to know. */
export interface ActionContext {
  readonly config: DecoderConfig
  /** The length that rotary frequencies were chosen for. */
  readonly plannedLength: number
}

/** Carries out one action. @throws InvalidArgumentError for slots, layers and weights that cannot be. */
export function applyAction(cache: KvCache, action: CacheAction, context: ActionContext): void {
  switch (action.type) {
    case 'keep':
      keep(cache, action.choice)
      break
    case 'remove-range':
      removeRange(cache, action.from, action.to)
      break
    case 'merge':
      merge(cache, action)
      break
    case 'mask':
      mask(cache, action.choice)
      break
    case 'bias':
      cache.setBias(action.layer, action.head, action.values)
      break
    case 'clear-bias':
      cache.clearBias()
      break
    case 'write':
      write(cache, action)
      break
    case 'reposition':
      reposition(cache, action, context)
      break
  }
}

function write(cache: KvCache, { layer, head, slot, key, value }: Extract<CacheAction, { type: 'write' }>): void {
  const length = cache.lengthOf(layer, head)
  checkArgument(Number.isInteger(slot) && slot >= 0 && slot < length, 'slot', slot, `a slot below ${length}`)
  const target = cache.edit(layer)
  if (key) target.setKey(head, slot, key)
  if (value) target.setValue(head, slot, value)
}

function keep(cache: KvCache, choice: SlotChoice): void {
  if (choice.scope === 'all') cache.keepAll(choice.slots)
  else
    forEachHead(cache, (layer, head) => {
      const slots = slotsOf(choice, layer, head)
      if (slots !== 'all') cache.keep(layer, head, slots)
    })
  cache.shrink()
}

function removeRange(cache: KvCache, from: number, to: number): void {
  checkArgument(from >= 0 && from < to, 'remove-range', `${from} to ${to}`, 'a range that is not empty')
  const kept = (length: number): Uint32Array => {
    const [start, end] = [Math.min(from, length), Math.min(to, length)]
    return Uint32Array.from({ length: length - end + start }, (_, index) =>
      index < start ? index : index + end - start,
    )
  }
  if (cache.uniform) cache.keepAll(kept(cache.length))
  else forEachHead(cache, (layer, head) => cache.keep(layer, head, kept(cache.lengthOf(layer, head))))
  cache.shrink()
}

function mask(cache: KvCache, choice: SlotChoice): void {
  forEachHead(cache, (layer, head) => {
    const slots = slotsOf(choice, layer, head)
    if (slots === 'all') return
    const bias = new Float32Array(cache.lengthOf(layer, head)).fill(Number.NEGATIVE_INFINITY)
    const before = cache.biasOf(layer, head)
    for (let index = 0; index < slots.length; index++) bias[slots[index]!] = before?.[slots[index]!] ?? 0
    cache.setBias(layer, head, bias)
  })
}

function slotsOf(choice: SlotChoice, layer: number, head: number): ArrayLike<number> | 'all' {
  if (choice.scope === 'all') return choice.slots
  const slots = choice.scope === 'layer' ? choice.slots[layer] : choice.slots[layer]?.[head]
  checkArgument(slots !== undefined, 'choice.slots', choice.slots, `an entry for layer ${layer}, head ${head}`)
  return slots
}

function merge(cache: KvCache, action: Extract<CacheAction, { type: 'merge' }>): void {
  const { layer, head, merges, normalise, selfKeyWeight = 1, selfValueWeight = 1 } = action
  const target = cache.edit(layer)
  const length = cache.lengthOf(layer, head)
  const sums = new Map<number, { key: Float64Array; value: Float64Array; keys: number; values: number }>()
  for (const { source, target: slot, keyWeight, valueWeight } of merges) {
    for (const each of [source, slot])
      checkArgument(Number.isInteger(each) && each >= 0 && each < length, 'merges', each, `a slot below ${length}`)
    const sum = sums.get(slot) ?? {
      key: Float64Array.from(target.keyAt(head, slot), (x) => x * selfKeyWeight),
      value: Float64Array.from(target.valueAt(head, slot), (x) => x * selfValueWeight),
      keys: selfKeyWeight,
      values: selfValueWeight,
    }
    addScaled(sum.key, target.keyAt(head, source), keyWeight)
    addScaled(sum.value, target.valueAt(head, source), valueWeight)
    sum.keys += keyWeight
    sum.values += valueWeight
    sums.set(slot, sum)
  }
  // all sums are of what was there before
  for (const [slot, sum] of sums) {
    const scaled = (values: Float64Array, weight: number): Float32Array =>
      Float32Array.from(values, (x) => (normalise && weight !== 0 ? x / weight : x))
    target.setKey(head, slot, scaled(sum.key, sum.keys))
    target.setValue(head, slot, scaled(sum.value, sum.values))
  }
}

function addScaled(sum: Float64Array, values: Float32Array, weight: number): void {
  for (let index = 0; index < sum.length; index++) sum[index] = sum[index]! + values[index]! * weight
}

function reposition(
  cache: KvCache,
  action: Extract<CacheAction, { type: 'reposition' }>,
  { config, plannedLength }: ActionContext,
): void {
  const alike = cache.uniform && action.to === 'slots'
  const kinds = new Map<string, KeyTurns>()
  forEachHead(cache, (layer, head) => {
    const length = cache.lengthOf(layer, head)
    const before = cache.positionsOf(layer, head)
    const after = action.to === 'slots' ? countingUp(length) : (action.to[layer]?.[head] ?? [])
    checkArgument(after.length === length, 'reposition', after, `${length} positions for layer ${layer}, head ${head}`)
    const rope = config.layers[layer]!.rope
    if (rope !== undefined) {
      const turns = kinds.get(rope) ?? new KeyTurns(ropeFrequencies(config.ropes[rope]!, plannedLength).inverse)
      kinds.set(rope, turns)
      const target = cache.edit(layer)
      for (let slot = 0; slot < length; slot++) {
        const delta = after[slot]! - before[slot]!
        if (delta !== 0) target.turnKey(head, slot, turns.of(delta))
      }
    }
    if (!alike) cache.setPositions(layer, head, after)
  })
  if (alike) {
    cache.setPositions(0, 0, countingUp(cache.length))
    cache.sharePositions()
  }
  cache.nextPosition = action.to === 'slots' ? cache.length : action.nextPosition
}

function countingUp(length: number): Int32Array {
  const result = new Int32Array(length)
  for (let slot = 0; slot < length; slot++) result[slot] = slot
  return result
}

function forEachHead(cache: KvCache, visit: (layer: number, head: number) => void): void {
  for (let layer = 0; layer < cache.shape.layers; layer++)
    for (let head = 0; head < cache.shape.kvHeads; head++) visit(layer, head)
}
