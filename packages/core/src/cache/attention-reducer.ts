/** @file Attention probabilities of kept queries over cached keys, reduced on the device in tiles of rows. */
import type { CallOptions } from '@lc/model'
import type { AttentionPattern } from '../models/decoder/attention-pattern.ts'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import type { Device } from '../runtime/device.ts'
import type { Program } from '../runtime/program.ts'
import type { HostTensor } from '../runtime/tensor.ts'
import { type ReductionForm, type RowReduction, reductionGraph } from './attention-reduction.ts'
import { gatherKeys } from './gather-keys.ts'
import type { KvCache } from './kv-cache.ts'
import { keyBlock } from './kv-layer.ts'
import { biasOfRanges, everything, fillEach, fillRanges, hidden } from './reduction-bias.ts'
import { isAscending, type Range, sizeOf, slotsOfPositions } from './slot-ranges.ts'

export type { RowReduction } from './attention-reduction.ts'

/** Attention of some queries of one layer. */
export interface ReduceRequest {
  readonly layer: number
  /** Rotated, `[R, H*D]`. */
  readonly queries: Float32Array
  readonly cache: KvCache
  /** Position of the first query; the others follow. */
  readonly position: number
  readonly rows: RowReduction
  /** Reduced here only where rows are not. */
  readonly heads: 'each' | 'mean' | 'max'
  /** Positions of the keys that attention is over. Defaults to all. */
  readonly keys?: readonly Range[]
  /** Biases of other layers with the same queries and slots: what one call made, the next takes. */
  readonly biases?: Map<string, Float32Array>
}

/** Probabilities that exist at once: they are read and written several times, and should stay near the processor. */
const tileElements = 1 << 21
/** Rows over a slot more take as long as copying the slot's keys. */
const rowsOfCopy = 16

/** Rows and the slots that they are computed over. */
interface Tiles {
  readonly keys: Float32Array
  /** Slots of each head in `keys`. */
  readonly width: number
  /** Which slots these are, where they are not the first ones. */
  readonly slots?: readonly Range[]
  readonly alike: boolean
  /** Bias of rows `[start, end)`. */
  bias(start: number, end: number): Float32Array
}

/** Computes reduced attention; keeps its programs. */
export class AttentionReducer {
  readonly #config: DecoderConfig
  readonly #device: Device
  readonly #attention: AttentionPattern
  readonly #programs = new Map<string, Promise<Program>>()

  constructor(fields: { config: DecoderConfig; device: Device; attention: AttentionPattern }) {
    this.#config = fields.config
    this.#device = fields.device
    this.#attention = fields.attention
  }

  /** `[H?, R?, C]`: `[H, C]` where rows are reduced; otherwise `[H, R, C]` or, with heads reduced, `[R, C]`. C is the capacity of the layer's roomiest head. */
  async reduce(request: ReduceRequest, options: CallOptions = {}): Promise<Float32Array> {
    const { heads } = this.#config
    const { rows } = request
    const { capacity } = request.cache.layer(request.layer).layout
    const count = request.queries.length / (heads * this.#config.headDim)
    const tiles = this.#tilesOf(request, count)
    const outer = rows === 'each' && request.heads !== 'each' ? 1 : heads
    const result = new Float32Array(outer * (rows === 'each' ? count : 1) * capacity)
    if (tiles.width === 0) return result
    const size = Math.max(1, Math.min(count, Math.floor(tileElements / (heads * tiles.width))))
    for (let start = 0; start < count; start += size) {
      options.signal?.throwIfAborted()
      const end = Math.min(count, start + size)
      const part = await this.#run(request, tiles, { start, end, count }, options)
      if (rows === 'each') {
        for (let row = 0; row < outer * (end - start); row++) {
          const head = Math.floor(row / (end - start))
          const to = (head * count + start + (row % (end - start))) * capacity
          placeRow(result.subarray(to, to + capacity), part.subarray(row * tiles.width), tiles, copyInto)
        }
        continue
      }
      for (let head = 0; head < heads; head++) {
        const target = result.subarray(head * capacity, (head + 1) * capacity)
        placeRow(target, part.subarray(head * tiles.width), tiles, rows === 'max' ? takeLargest : addTo)
      }
    }
    if (rows === 'mean') for (let index = 0; index < result.length; index++) result[index]! /= count
    return result
  }

  async close(): Promise<void> {
    for (const program of this.#programs.values()) await (await program.catch(() => undefined))?.close()
    this.#programs.clear()
  }

  /** Where all heads see the same ranges of slots, only these are computed. */
  #tilesOf(request: ReduceRequest, count: number): Tiles {
    const { cache, layer, position, keys = everything } = request
    const kvLayer = cache.layer(layer)
    const head = { positions: cache.positionsOf(layer, 0), length: cache.lengthOf(layer, 0) }
    if (!cache.uniform || this.#attention.visible || !isAscending(head)) {
      const block = keyBlock(kvLayer, cache.lengthsOf(layer))
      const { capacity } = kvLayer.layout
      return { keys: block, width: capacity, alike: false, bias: (start, end) => this.#biasByHead(request, start, end) }
    }
    const window = this.#config.layers[layer]!.window ?? Number.POSITIVE_INFINITY
    const seen = keys.map(({ from, to }) => ({
      from: Math.max(from, position - window + 1),
      to: Math.min(to, position + count),
    }))
    const slots = slotsOfPositions(head, seen)
    const size = sizeOf(slots)
    const first = slots.length === 1 && slots[0]!.from === 0
    const { layout, format } = kvLayer
    const whole =
      first && format === 'float32' && layout.rectangular && (layout.capacity - size) * count < rowsOfCopy * size
    const width = whole ? layout.capacity : size
    return {
      keys: whole ? keyBlock(kvLayer, cache.lengthsOf(layer)) : gatherKeys(kvLayer, slots),
      width,
      slots,
      alike: true,
      bias: (start, end) => {
        const name = `${window} ${width} ${start} ${end}`
        const known = request.biases?.get(name)
        if (known) return known
        const queries = { first: position + start, count: end - start }
        const made = biasOfRanges({ head, slots, width, window, keys, queries })
        request.biases?.set(name, made)
        return made
      },
    }
  }

  async #run(
    { queries, rows, heads }: ReduceRequest,
    tiles: Tiles,
    { start, end, count }: { readonly start: number; readonly end: number; readonly count: number },
    { signal }: CallOptions,
  ): Promise<Float32Array> {
    const { kvHeads, headDim } = this.#config
    const row = this.#config.heads * headDim
    const size = end - start
    const { keys, width, alike } = tiles
    const program = await this.#program({ rows, heads, alike })
    const feeds = {
      queries: float32([size, row], queries.subarray(start * row, end * row)),
      keys: float32([kvHeads, width, headDim], keys),
      bias: float32(alike ? [size, width] : [kvHeads, size, width], tiles.bias(start, end)),
      ...(rows === 'weighted' && { weights: float32([size, 1], linearWeights(start, end, count)) }),
    }
    const outputs = await program.run(feeds, ['attention'], signal ? { signal } : {})
    return outputs.attention!.data as Float32Array
  }

  #biasByHead({ cache, layer, position, keys = everything }: ReduceRequest, start: number, end: number): Float32Array {
    const { kvHeads, layers } = this.#config
    const { capacity } = cache.layer(layer).layout
    const window = layers[layer]!.window ?? Number.POSITIVE_INFINITY
    const visible = this.#attention.visible?.bind(this.#attention)
    const sees = (query: number, key: number): boolean =>
      key <= query &&
      query - key < window &&
      keys.some(({ from, to }) => key >= from && key < to) &&
      (!visible || visible(query, key, layer))
    const data = new Float32Array(kvHeads * (end - start) * capacity).fill(hidden)
    const size = (end - start) * capacity
    for (let head = 0; head < kvHeads; head++) {
      if (head > 0 && cache.uniform) {
        data.copyWithin(head * size, 0, size)
        continue
      }
      const slots = { positions: cache.positionsOf(layer, head), length: cache.lengthOf(layer, head) }
      const own = cache.biasOf(layer, head)
      const rows = data.subarray(head * size, (head + 1) * size)
      const queries = { first: position + start, count: end - start }
      if (!own && !visible && isAscending(slots)) fillRanges(rows, { head: slots, window, keys, queries })
      else fillEach(rows, { ...slots, own, sees, queries })
    }
    return data
  }

  #program(form: ReductionForm): Promise<Program> {
    const key = `${form.rows} ${form.heads} ${form.alike}`
    const known = this.#programs.get(key) ?? this.#device.compile(reductionGraph(this.#config, form))
    this.#programs.set(key, known)
    known.catch(() => this.#programs.delete(key))
    return known
  }
}

/** Heads of `[H, C]` reduced to `[C]`, or as they are. */
export function reduceHeads(values: Float32Array, heads: number, how: 'each' | 'mean' | 'max'): Float32Array {
  if (how === 'each') return values
  const width = values.length / heads
  const result = new Float32Array(width).fill(how === 'max' ? Number.NEGATIVE_INFINITY : 0)
  for (let head = 0; head < heads; head++)
    for (let column = 0; column < width; column++) {
      const value = values[head * width + column]!
      result[column] = how === 'max' ? Math.max(result[column]!, value) : result[column]! + value / heads
    }
  return result
}

/** Puts numbers of computed slots where these slots lie. */
function placeRow(
  target: Float32Array,
  part: Float32Array,
  { slots, width }: Tiles,
  put: (target: Float32Array, part: Float32Array, at: number, from: number, count: number) => void,
): void {
  let from = 0
  for (const range of slots ?? [{ from: 0, to: width }]) {
    put(target, part, range.from, from, range.to - range.from)
    from += range.to - range.from
  }
}

function copyInto(target: Float32Array, part: Float32Array, at: number, from: number, count: number): void {
  target.set(part.subarray(from, from + count), at)
}

function addTo(target: Float32Array, part: Float32Array, at: number, from: number, count: number): void {
  for (let index = 0; index < count; index++) target[at + index]! += part[from + index]!
}

function takeLargest(target: Float32Array, part: Float32Array, at: number, from: number, count: number): void {
  for (let index = 0; index < count; index++)
    if (part[from + index]! > target[at + index]!) target[at + index] = part[from + index]!
}

function linearWeights(start: number, end: number, count: number): Float32Array {
  const total = (count * (count + 1)) / 2
  return Float32Array.from({ length: end - start }, (_, row) => (start + row + 1) / total)
}

function float32(shape: readonly number[], data: Float32Array): HostTensor {
  return { dtype: 'float32', shape, data }
}
