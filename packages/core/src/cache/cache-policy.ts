/**
 * @file What a key-value cache policy is: it says up front what it must see, acts at triggers, and answers with actions. The
 * engine runs the model, gives the observations, and carries the actions out; policies never touch tensors of a device.
 */
import type { JsonValue } from '@lc/model'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import type { KvCache } from './kv-cache.ts'

/** When a policy acts. */
export type CacheTrigger =
  /** After each chunk of a prompt. */
  | { readonly on: 'prefill-chunk' }
  /** After the last token of a prompt, its logits already computed. */
  | { readonly on: 'prefill-end' }
  /** After each generated token that went into the cache, or after every so many. */
  | { readonly on: 'step'; readonly every?: number }
  /** Before tokens that would take the fullest head beyond the limit. */
  | { readonly on: 'overflow'; readonly limit: number }
  /** Before the tokens of a prompt that comes to a cache in use. */
  | { readonly on: 'turn-start' }
  /** After a generation has ended. */
  | { readonly on: 'turn-end' }

/** Which queries an observation is over: the last ones in the cache, or all since the session began. */
export type ObservedQueries = { readonly last: number } | 'all'

/**
 * What must be computed or kept for a policy. Keys, values, positions, token ids and numbers of slots need no request: they are in
 * the cache.
 */
export type ObservationRequest =
  /**
   * Attention received by each slot, summed up over queries. With `'all'` it is accumulated chunk by chunk and follows its slots
   * through every action.
   */
  | {
      readonly kind: 'attention-columns'
      readonly id: string
      readonly queries: ObservedQueries
      /** `mean-over-visible` divides by the number of queries that came since the slot did. */
      readonly rows: 'sum' | 'mean' | 'max' | 'mean-over-visible'
      /** Query heads of one key/value head joined, all heads of a layer joined, or apart. */
      readonly heads: 'group-mean' | 'group-max' | 'group-sum' | 'layer-mean' | 'each'
      /** Positions of the keys that attention is over, `[from, to)` each; the others are as if they were not there. Defaults to all. */
      readonly keys?: readonly { readonly from: number; readonly to: number }[]
    }
  /** Whole rows of attention of the last queries. */
  | { readonly kind: 'attention-rows'; readonly id: string; readonly last: number }
  /** Rotated queries of the last tokens. */
  | { readonly kind: 'queries'; readonly last: number }
  /** Mean and covariance of all queries before the rotation, but for the first `skip`. */
  | { readonly kind: 'query-statistics'; readonly skip: number; readonly covariance: boolean }
  /** What entered each layer (the residual stream) for the last tokens. */
  | { readonly kind: 'hidden'; readonly last: number }

/** Statistics of queries of one head, before the rotation. */
export interface QueryStatisticsOfHead {
  readonly count: number
  /** [D] */
  readonly mean: Float64Array
  /** [D, D], only where it was asked for. */
  readonly covariance?: Float64Array
}

/** Queries of one head as they are expected, after the rotation. */
export interface GaussianQueries {
  /** [D] */
  readonly mean: Float64Array
  /** [D, D] */
  readonly covariance: Float64Array
}

/** What was asked for. Every method throws `PolicyPlanError` for what the policy did not request. */
export interface Observations {
  /**
   * Attention columns of a layer by key/value head: `[C]` per head, the first `lengthOf` valid. With `heads: 'each'` there is one per
   * query head, with `'layer-mean'` the same array for all.
   */
  columns(id: string, layer: number): readonly Float32Array[]
  /** Attention rows `[H, R, C]` of a layer. */
  rows(id: string, layer: number): { readonly shape: readonly number[]; readonly data: Float32Array }
  /** Rotated queries `[R, H*D]` of a layer and their positions `[R]`. */
  queries(layer: number): { readonly data: Float32Array; readonly positions: Int32Array }
  /** Statistics by query head of a layer. */
  statistics(layer: number): readonly QueryStatisticsOfHead[]
  /** Streams `[R, E]` that entered a layer. */
  hidden(layer: number): Float32Array
}

/**
 * Which slots something applies to: of all heads of all layers, per layer, or per layer and head. Ascending; `'all'` for every slot of
 * a head, which spares a list as long as the context.
 */
export type SlotChoice =
  | { readonly scope: 'all'; readonly slots: ArrayLike<number> }
  | { readonly scope: 'layer'; readonly slots: readonly ArrayLike<number>[] }
  | { readonly scope: 'head'; readonly slots: readonly (readonly (ArrayLike<number> | 'all')[])[] }

/** One slot added to another before it goes. */
export interface SlotMerge {
  readonly source: number
  readonly target: number
  readonly keyWeight: number
  readonly valueWeight: number
}

/** Why slots are kept, for reports. */
export interface KeepReason {
  /** First and last slots that stay whatever they are. Default to 0. */
  readonly first?: number
  readonly last?: number
  /** How the others were chosen, in words. Defaults to the policy's id. */
  readonly by?: string
}

/** What a policy wants done. Carried out in order. */
export type CacheAction =
  /** The other slots go, and their memory with them. */
  | { readonly type: 'keep'; readonly choice: SlotChoice; readonly reason?: KeepReason }
  /** Slots `[from, to)` of all heads go. */
  | { readonly type: 'remove-range'; readonly from: number; readonly to: number }
  /**
   * Targets become weighted sums: target * its weight + sum of source * weight, divided by the sum of weights with `normalise`. Self
   * weights default to 1. Sources stay until a `keep` drops them.
   */
  | {
      readonly type: 'merge'
      readonly layer: number
      readonly head: number
      readonly merges: readonly SlotMerge[]
      readonly selfKeyWeight?: number
      readonly selfValueWeight?: number
      readonly normalise: boolean
    }
  /** Slots outside the choice stay but are not seen. */
  | { readonly type: 'mask'; readonly choice: SlotChoice }
  /** Added to the scores of a head's slots; `-Infinity` hides one. */
  | { readonly type: 'bias'; readonly layer: number; readonly head: number; readonly values: ArrayLike<number> }
  /** All biases and masks go. */
  | { readonly type: 'clear-bias' }
  /** New contents of a slot; rotated as its position says. */
  | {
      readonly type: 'write'
      readonly layer: number
      readonly head: number
      readonly slot: number
      readonly key?: Float32Array
      readonly value?: Float32Array
    }
  /**
   * Keys are rotated to new positions: to the numbers of their slots (the next token then has the length of the cache as position), or
   * to positions per layer and head, with the next position given.
   */
  | { readonly type: 'reposition'; readonly to: 'slots' }
  | {
      readonly type: 'reposition'
      readonly to: readonly (readonly ArrayLike<number>[])[]
      readonly nextPosition: number
    }

/** What a policy is told when it acts. */
export interface CacheEvent {
  readonly trigger: CacheTrigger['on']
  /** The cache, to read; change it by actions only. */
  readonly cache: KvCache
  /** Token ids by position; positions whose tokens were never here are missing. */
  readonly tokens: ReadonlyMap<number, number>
  /** Tokens that are about to come (`overflow`, `turn-start`), or that just came. */
  readonly count: number
  readonly observations: Observations
  /**
   * Runs tokens against the cache as it is and drops what they would add; gives the observations asked for, over these tokens' queries.
   */
  forward(ids: ArrayLike<number>, requests: readonly ObservationRequest[]): Promise<Observations>
  /**
   * The logarithm of the mean exponential of each slot's score under queries with a mean m and a covariance S, s being the model's
   * factor on scores: `s k.m + s^2 k.S.k / 2`. One array per query head, as long as its key/value head has slots.
   */
  expectedLogits(layer: number, queries: readonly GaussianQueries[]): Promise<readonly Float32Array[]>
  readonly signal: AbortSignal | undefined
}

/** Sizes of the model that a policy plans with. */
export interface PolicyModel {
  readonly config: DecoderConfig
  readonly contextLength: number
  /** Token ids of a text, without added tokens. */
  encode(text: string): Uint32Array
}

/** A policy at work in one session. */
export interface PolicyRun {
  act(event: CacheEvent): readonly CacheAction[] | Promise<readonly CacheAction[]>
  /** A copy for a fork of the session. Missing: the policy keeps no state. */
  fork?(): PolicyRun
  /** The state as JSON; missing: the policy keeps none. */
  save?(): JsonValue
}

/** A key-value cache policy. */
export interface CachePolicy {
  readonly id: string
  /** The attention pattern that the model must have been loaded with, by id. Missing: any. */
  readonly attention?: string
  readonly triggers: readonly CacheTrigger[]
  /** @throws PolicyPlanError where the model is not one that the policy can work on. */
  needs(model: PolicyModel): readonly ObservationRequest[]
  /** Begins a session. `random` is seeded; `state` is what `save` gave. */
  start(model: PolicyModel, options: { readonly random: () => number; readonly state?: JsonValue }): PolicyRun
}

/** Why slots of a head are still there: so many slots for one reason. */
export type KeptSlots =
  /** `all`: nothing of this head was removed. `first`, `last`: among those that stay whatever they are. `new`: came since. */
  | { readonly because: 'all' | 'first' | 'last' | 'new'; readonly slots: number }
  /** The policy chose them, in the way that it tells. */
  | { readonly because: 'chosen'; readonly slots: number; readonly by: string }

/** What is left of one key/value head. */
export interface HeadReport {
  readonly slots: number
  /** Bytes of keys and values in these slots. */
  readonly bytes: number
  /** Adds up to `slots`; in the order of the slots. */
  readonly kept: readonly KeptSlots[]
}

/** How far a session's cache is from its text. */
export interface CacheReport {
  readonly policy: string
  /** Tokens that went in. */
  readonly tokens: number
  /** Slots in use by head. */
  readonly slots: { readonly min: number; readonly mean: number; readonly max: number }
  /** Bytes that the slots in use take, and that are allocated. */
  readonly bytes: { readonly used: number; readonly allocated: number }
  /** By layer and key/value head. */
  readonly heads: readonly (readonly HeadReport[])[]
  /** Times the policy acted with an action. */
  readonly compressions: readonly {
    readonly trigger: CacheTrigger['on']
    readonly before: number
    readonly after: number
  }[]
  /** Tokens run for observations alone. */
  readonly extraTokens: number
}
