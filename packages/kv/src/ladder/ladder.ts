/**
 * @file LaCache's ladder: every layer keeps as many old slots as the others, but different ones, so that together they
 * span far more text than the budget.
 *
 * Source: Shi et al., "LaCache" (ICML 2025); GATECH-EIC/LaCache. The `official` mode reproduces its index lists with
 * their faults (duplicates and disorder when ladders are stretched); `corrected` clamps inside each ladder, drops
 * duplicates and sorts.
 */
import { InvalidArgumentError } from '@lc/model/errors'

/** How steep the ladder is and what it may hold. */
export interface LadderOptions {
  layerCount: number
  /** Slots per layer. */
  budget: number
  /** Slots at the start that are always kept. */
  sinks: number
  /** Layers that are meant to share a token. */
  span: number
  /** Layers by which neighbouring steps overlap. */
  overlap: number
  mode?: 'corrected' | 'official'
}

/** The constants of one ladder. */
export interface LadderShape {
  /** Slots of one ladder before compaction. */
  before: number
  /** Slots that each layer keeps of it. */
  kept: number
  /** Slots that each layer drops of it; at least 1. */
  removed: number
}

/** The constants of a ladder. @throws InvalidArgumentError when a ladder would remove nothing. */
export function ladderShape({
  layerCount,
  span,
  overlap,
}: Pick<LadderOptions, 'layerCount' | 'span' | 'overlap'>): LadderShape {
  const step = span - overlap
  if (!(step >= 1))
    throw new InvalidArgumentError({
      argument: 'overlap',
      received: overlap,
      allowed: `an integer below span (${span})`,
    })
  const before = 1 + Math.ceil((layerCount - span) / step)
  const kept = Math.min(Math.ceil(span / step), before)
  const removed = before - kept
  if (removed < 1) {
    throw new InvalidArgumentError({
      argument: 'span',
      received: span,
      allowed: `small enough that ladders remove slots (layerCount ${layerCount}, overlap ${overlap})`,
    })
  }
  return { before, kept, removed }
}

/** What is carried from one compaction to the next; one per sequence. */
export interface LadderState {
  /** Slots below it are compacted already. */
  cursor: number
  compensated: boolean
}

/** The state before the first compaction. */
export function ladderState(options: Pick<LadderOptions, 'sinks'>): LadderState {
  return { cursor: options.sinks, compensated: false }
}

interface Pass {
  start: number
  before: number
  kept: number
  removed: number
  stretch: number
  ladders: number
}

/** The slots that a layer keeps in one pass over `length` slots. */
function passSlots(pass: Pass, length: number, layer: number, mode: 'corrected' | 'official'): number[] {
  const { start, before, kept, removed, stretch, ladders } = pass
  const slots: number[] = []
  for (let slot = 0; slot < start; slot++) slots.push(slot)
  const offset = layer % (removed + 1)
  for (let ladder = 0; ladder < ladders; ladder++) {
    for (let k = 0; k < kept; k++) {
      const inside = offset + stretch * k
      slots.push(start + before * ladder + (mode === 'corrected' ? Math.min(inside, before - 1) : inside))
    }
  }
  for (let slot = start + before * ladders; slot < length; slot++) slots.push(slot)
  return mode === 'corrected' ? [...new Set(slots)].filter((slot) => slot < length).sort((a, b) => a - b) : slots
}

/**
 * One compaction at the current length.
 *
 * @returns for each layer the slots kept (indices before the call), or undefined when nothing is to do; and the new state
 */
export function compactLadder(
  options: LadderOptions,
  state: LadderState,
  length: number,
): { keep: Uint32Array[] | undefined; state: LadderState } {
  const { layerCount, budget, sinks, mode = 'corrected' } = options
  const shape = ladderShape(options)
  checkBudget(options, shape)
  if (length <= budget + (state.compensated ? Math.floor(shape.removed / 2) : 0)) return { keep: undefined, state }
  // the budget is compensated at the first trigger, so that the mean length meets it
  const limit = budget + Math.floor(shape.removed / 2)
  const compensated: LadderState = { ...state, compensated: true }
  const need = length - limit
  if (need <= 0) return { keep: undefined, state: compensated }
  const room = limit - state.cursor - layerCount
  const fitting = Math.max(0, Math.floor(room / shape.kept))
  const first: Pass = { start: state.cursor, ...shape, stretch: 1, ladders: fitting }
  if (need <= fitting * shape.removed) {
    const ladders = Math.ceil(need / shape.removed)
    const pass = { ...first, ladders }
    return {
      keep: layers(layerCount, (layer) => passSlots(pass, length, layer, mode)),
      state: { ...compensated, cursor: state.cursor + ladders * shape.kept },
    }
  }
  const rest = need - fitting * shape.removed
  const capacity = Math.floor((limit - sinks - layerCount) / shape.kept) * shape.removed
  const stretch = Math.ceil(rest / capacity)
  const before = shape.before + (stretch - 1) * (shape.before - 1)
  const removed = before - shape.kept
  const second: Pass = { start: sinks, before, kept: shape.kept, removed, stretch, ladders: Math.ceil(rest / removed) }
  const keep = layers(layerCount, (layer) => {
    const remaining = passSlots(first, length, layer, mode)
    return passSlots(second, remaining.length, layer, mode).map((slot) => remaining[slot]!)
  })
  return { keep, state: { ...compensated, cursor: sinks + second.ladders * shape.kept } }
}

function layers(layerCount: number, slotsOf: (layer: number) => number[]): Uint32Array[] {
  return Array.from({ length: layerCount }, (_, layer) => Uint32Array.from(slotsOf(layer)))
}

function checkBudget({ layerCount, budget, sinks }: LadderOptions, { kept }: LadderShape): void {
  const minimum = sinks + layerCount + kept
  if (!(budget >= minimum))
    throw new InvalidArgumentError({
      argument: 'budget',
      received: budget,
      allowed: `at least sinks + layers + ${kept} = ${minimum} slots`,
    })
}
