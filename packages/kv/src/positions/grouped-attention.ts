/** @file The attention pattern of grouped positions: what Self-Extend and DPE have in common. */
import type { AttentionPattern, DecoderConfig, PatternFeedContext } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import { plainAttention, type RopeTable } from '@lc/core/models'
import type { HostTensor } from '@lc/core/runtime'
import type { GroupSizes } from './grouped-positions.ts'
import { ShiftTables } from './shift-tables.ts'
import { twoRegimeAttention } from './two-regime-attention.ts'

/** What tells one scheme from another. */
export interface GroupedPositions {
  readonly id: string
  readonly window: number
  /** Sizes by key/value head of a layer. */
  sizesOf(config: DecoderConfig, layer: number): readonly GroupSizes[]
}

// what a text within the window is read with
const near = 'near'

/**
 * Keys within a window at their own positions, others at grouped ones. Keys stay in the cache at their own positions and are turned when
 * they are read: any policy goes with it, and a step takes several times that of full attention. Texts within the window are read as ever.
 */
export function groupedAttention(scheme: GroupedPositions): AttentionPattern {
  const { id, window } = scheme
  const tables = new WeakMap<RopeTable, Map<string, ShiftTables>>()
  const tablesOf = (context: PatternFeedContext, layer: number): ShiftTables => {
    const rope = ropeOf(context, layer)
    const known = tables.get(rope) ?? new Map<string, ShiftTables>()
    tables.set(rope, known)
    const sizes = scheme.sizesOf(context.config, layer)
    // layers with the same sizes share a table
    const key = sizes.map((own) => Array.from(own).join(',')).join(';')
    const table = known.get(key) ?? new ShiftTables(rope, sizes, window)
    known.set(key, table)
    return table
  }
  return {
    id,
    prefill: 'open',
    variant: (context) => (context.position + context.tokens <= window ? near : undefined),
    build: (site) => {
      const { rope } = site.config.layers[site.layer]!
      if (site.variant === near || rope === undefined || site.mode === 'fused') return plainAttention(site)
      // whether or not the scheme fits the model is known here first
      scheme.sizesOf(site.config, site.layer)
      return twoRegimeAttention(site, site.config.ropes[rope]!.rotaryDim / 2)
    },
    feed: (context) => {
      if (context.position + context.tokens <= window) return {}
      if (!(context.keys(0) instanceof Float32Array))
        throw new PolicyPlanError({ policy: id, missing: 'a cache in float32' })
      const feeds: Record<string, HostTensor> = {}
      const distances = new Map<Int32Array, HostTensor>()
      for (const [layer, { rope }] of context.config.layers.entries()) {
        if (rope === undefined) continue
        feedTurns(feeds, context, layer, tablesOf(context, layer))
        const first = context.positions(layer, 0)
        const alike = first === context.positions(layer, context.config.kvHeads - 1)
        const tensor = (alike ? distances.get(first) : undefined) ?? distancesOf(context, layer)
        if (alike) distances.set(first, tensor)
        feeds[`distances.${layer}`] = tensor
        feeds[`window.${layer}`] = { dtype: 'float32', shape: [1], data: Float32Array.of(window) }
      }
      return feeds
    },
  }
}

function ropeOf(context: PatternFeedContext, layer: number): RopeTable {
  return context.ropes.get(context.config.layers[layer]!.rope!)!
}

function feedTurns(
  feeds: Record<string, HostTensor>,
  context: PatternFeedContext,
  layer: number,
  tables: ShiftTables,
): void {
  const { capacity, position, tokens, config } = context
  const { kvHeads } = config
  const { half } = ropeOf(context, layer)
  const positions = Array.from({ length: kvHeads }, (_, head) =>
    context.positions(layer, head).subarray(0, context.length(layer, head)),
  )
  const inOrder = positions.every((own) => own.length === 0 || own[own.length - 1] === own.length - 1)
  const rows = {
    farKey: inOrder ? tables.range('keys', 0, capacity) : tables.keysAt(positions, capacity),
    farNewKey: tables.range('keys', position, tokens),
    farQuery: tables.range('queries', position, tokens),
  }
  for (const [name, { cos, sin }] of Object.entries(rows)) {
    const shape = [cos.length / (kvHeads * half), kvHeads, half]
    feeds[`${name}Cos.${layer}`] = { dtype: 'float32', shape, data: cos }
    feeds[`${name}Sin.${layer}`] = { dtype: 'float32', shape, data: sin }
  }
}

/** Positions of new tokens less those of keys, cached and new, `[G, 1, T, C+T]`. */
function distancesOf(context: PatternFeedContext, layer: number): HostTensor {
  const { capacity, position, tokens, config } = context
  const width = capacity + tokens
  const data = new Float32Array(config.kvHeads * tokens * width)
  for (let head = 0; head < config.kvHeads; head++) {
    const positions = context.positions(layer, head)
    for (let token = 0; token < tokens; token++) {
      const at = (head * tokens + token) * width
      for (let slot = 0; slot < capacity; slot++) data[at + slot] = position + token - positions[slot]!
      for (let other = 0; other < tokens; other++) data[at + capacity + other] = token - other
    }
  }
  return { dtype: 'float32', shape: [config.kvHeads, 1, tokens, width], data }
}
