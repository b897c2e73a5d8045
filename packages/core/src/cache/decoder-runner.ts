/** @file Runs the programs of a decoder on a cache: chooses the program, builds the feeds, appends the new rows. */
import type { Accuracy, CallOptions } from '@lc/model'
import { PolicyPlanError } from '../errors/policy-plan-error.ts'
import type { AttentionMode } from '../models/decoder/attention-mode.ts'
import type { AttentionPattern, PatternFeedContext } from '../models/decoder/attention-pattern.ts'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import { stepOutputs } from '../models/decoder/decoder-graph.ts'
import type { DecoderPrograms } from '../models/decoder/decoder-programs.ts'
import type { PastForm } from '../models/decoder/past-inputs.ts'
import { RopeTableCache, type RopeTables } from '../models/rope/rope-tables.ts'
import type { HostTensor, Tensor } from '../runtime/tensor.ts'
import { chunkBiases, chunkWidth, StepBiases } from './attention-bias.ts'
import type { CacheFormat } from './cache-format.ts'
import { KvCache } from './kv-cache.ts'
import type { NewRows } from './kv-layer.ts'
import { LayerPool } from './layer-pool.ts'

/** Tokens in one run: a chunk through the fused kernel, and one with open attention. */
export const chunkTokens = { fused: 512, open: 128 } as const

/** Arrays of closed caches that are kept for the next ones. */
const pooledBytes = 1 << 27

/** One run on a cache. */
export interface RunRequest extends CallOptions {
  readonly cache: KvCache
  readonly ids: ArrayLike<number>
  readonly accuracy: Accuracy
  readonly ropes: RopeTables
  /** Outputs to fetch besides those that the cache needs. */
  readonly fetches?: readonly string[]
  /** Whether the new rows go into the cache. Defaults to true. */
  readonly append?: boolean
  /** Only the first layers; the cache has as many. Defaults to all. */
  readonly layers?: number
}

/** The outputs of a run by name. */
export type RunOutputs = Readonly<Record<string, HostTensor>>

/** The runs of one decoder. */
export class DecoderRunner {
  readonly config: DecoderConfig
  readonly programs: DecoderPrograms
  readonly attention: AttentionPattern
  readonly ropes: RopeTableCache
  readonly #empty = new Map<CacheFormat, KvCache>()
  readonly #stepBiases = new StepBiases()
  readonly #pool = new LayerPool(pooledBytes)

  constructor(fields: { config: DecoderConfig; programs: DecoderPrograms; attention: AttentionPattern }) {
    this.config = fields.config
    this.programs = fields.programs
    this.attention = fields.attention
    this.ropes = new RopeTableCache(fields.config)
  }

  /** An empty cache of this decoder, or of its first layers. @throws PolicyPlanError for formats that the attention pattern does not read */
  createCache(capacity = 0, layers = this.config.layers.length, format: CacheFormat = 'float32'): KvCache {
    const { kvHeads, headDim } = this.config
    const alike = this.attention.build !== undefined
    const forked = this.attention.forked?.bind(this.attention)
    if (alike && format !== 'float32')
      throw new PolicyPlanError({
        policy: this.attention.id,
        missing: 'keys and values in float32: its graph reads no others',
      })
    return new KvCache({ layers, kvHeads, headDim }, { capacity, format, alike, pool: this.#pool, forked })
  }

  /** Whether all layers see alike, as far as the model and its pattern go. */
  get #alike(): boolean {
    return this.attention.visible === undefined && this.config.layers.every((layer) => layer.window === undefined)
  }

  /** How a run on this cache must attend. */
  modeFor(cache: KvCache): 'fused' | 'open' {
    const windowed = this.config.layers.some((layer) => layer.window !== undefined)
    // the fused kernel sees all slots in use, and counts windows in them
    const seesAll = windowed ? cache.contiguous : cache.level && !cache.ragged
    const fits = this.attention.prefill === 'fused' && seesAll
    return fits ? 'fused' : 'open'
  }

  /** One chunk of new tokens: at most `chunkTokens` of its mode. */
  runChunk(request: RunRequest): Promise<RunOutputs> {
    const mode = this.modeFor(request.cache)
    return this.#runTokens(mode === 'fused' ? 'prefill' : 'open', mode, request)
  }

  /** A few new tokens in the forms of steps: their logits `[1, T, V]` are those of steps up to rounding. */
  runVerify(request: RunRequest): Promise<RunOutputs> {
    return this.#runTokens('verify', 'open', { ...request, fetches: ['logits'] })
  }

  async #runTokens(
    kind: 'prefill' | 'open' | 'verify',
    mode: 'fused' | 'open',
    request: RunRequest,
  ): Promise<RunOutputs> {
    const { cache, ids, accuracy, append = true, fetches = [] } = request
    const seen = this.#patternContext(request, mode)
    const past = this.#pastForm(cache)
    const chosen = { kind, accuracy, past, ...this.#variant(seen), ...this.#depth(request.layers) } as const
    const program = await this.programs.get(chosen, request)
    const feeds = {
      ids: idTensor(ids, [1, ids.length]),
      ...this.#ropeFeeds(request.ropes, cache.nextPosition, ids.length, 1),
      ...(mode === 'fused' ? this.#fusedFeeds(cache, ids.length) : this.#openFeeds(cache, ids.length)),
      ...this.attention.feed?.(seen),
    }
    const observed = append ? (this.attention.fetches?.(seen) ?? []) : []
    const names = [...fetches, ...observed, ...(append ? rowNames(cache) : [])]
    const outputs = await program.run(
      onlyInputs(feeds, program.inputs),
      [...new Set(names)].filter((name) => program.outputs.includes(name)),
      signalOf(request),
    )
    if (append) this.attention.observe?.(seen, outputs)
    if (append) cache.append(newRows(cache, outputs), ids.length)
    return outputs
  }

  /** One token, with its logits `[1, V]`. */
  async runStep(request: RunRequest): Promise<RunOutputs> {
    const { cache, ids, accuracy, append = true, fetches = ['logits'] } = request
    const input = { config: this.config, attention: this.attention, cache }
    // also after a cut: where every head keeps as many slots, the step is that of a full cache, and none is compiled anew
    const sharedBias = this.#alike && cache.level && cache.evenLayers
    const past = sharedBias ? { ...this.#pastForm(cache), layout: 'alike' as const } : this.#pastForm(cache)
    const seen = this.#patternContext(request, 'step')
    const program = await this.programs.get(
      { kind: 'step', accuracy, sharedBias, past, ...this.#variant(seen) },
      request,
    )
    const feeds = {
      ids: idTensor(ids, [1]),
      ...this.#ropeFeeds(request.ropes, cache.nextPosition, 1, 1),
      ...this.#pastFeeds(cache, []),
      ...this.#stepBiases.feeds(input, sharedBias),
      ...this.attention.feed?.(seen),
    }
    const observed = append ? (this.attention.fetches?.(seen) ?? []) : []
    const names = append ? [...fetches, ...observed, 'keys', 'values'] : fetches
    const joined = await program.run(feeds, [...new Set(names.map(stepOutputOf))], signalOf(request))
    const outputs = { ...joined, ...layerParts(names, joined, cache.shape.layers) }
    if (append) this.attention.observe?.(seen, outputs)
    if (append) cache.append(stepRows(cache, outputs), 1)
    return outputs
  }

  /** Texts of their own, padded on the right to `[B, T]`; nothing is cached. Rows behind a text's end mean nothing. */
  async runBatch(
    texts: readonly ArrayLike<number>[],
    request: Omit<RunRequest, 'cache' | 'ids' | 'append'>,
  ): Promise<RunOutputs> {
    const { accuracy, fetches = ['hidden'] } = request
    const past = this.#pastForm(this.#emptyCache('float32'))
    const chosen = { kind: 'prefill', accuracy, past, ...this.#depth(request.layers) } as const
    const program = await this.programs.get(chosen, request)
    const batch = texts.length
    const tokens = Math.max(...texts.map((text) => text.length))
    const ids = new BigInt64Array(batch * tokens)
    for (const [row, text] of texts.entries())
      for (let token = 0; token < text.length; token++) ids[row * tokens + token] = BigInt(text[token]!)
    const { kvHeads, headDim } = this.config
    const data = new Float32Array(batch * kvHeads * headDim)
    const feeds: Record<string, Tensor> = {
      ids: { dtype: 'int64', shape: [batch, tokens], data: ids },
      ...this.#ropeFeeds(request.ropes, 0, tokens, batch),
      lastIndex: { dtype: 'int32', shape: [batch], data: new Int32Array(batch).fill(tokens - 1) },
      totalLength: { dtype: 'int32', shape: [], data: Int32Array.of(tokens) },
    }
    for (let layer = 0; layer < this.config.layers.length; layer++) {
      feeds[`pastKey.${layer}`] = { dtype: 'float32', shape: [batch, kvHeads, 1, headDim], data }
      feeds[`pastValue.${layer}`] = { dtype: 'float32', shape: [batch, kvHeads, headDim, 1], data }
    }
    return program.run(onlyInputs(feeds, program.inputs), fetches, signalOf(request))
  }

  #ropeFeeds(ropes: RopeTables, start: number, tokens: number, batch: number): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {}
    const used = new Set(this.config.layers.map((layer) => layer.rope))
    for (const [kind, table] of ropes) {
      if (!used.has(kind)) continue
      const { cos, sin } = table.range(start, tokens)
      const shape = [batch, tokens, table.half]
      feeds[`cos.${kind}`] = { dtype: 'float32', shape, data: repeated(cos, batch) }
      feeds[`sin.${kind}`] = { dtype: 'float32', shape, data: repeated(sin, batch) }
    }
    return feeds
  }

  #fusedFeeds(cache: KvCache, tokens: number): Record<string, Tensor> {
    const length = cache.length
    return {
      ...this.#pastFeeds(length === 0 ? this.#emptyCache(cache.format) : cache, [1]),
      lastIndex: { dtype: 'int32', shape: [1], data: Int32Array.of(length + tokens - 1) },
      totalLength: { dtype: 'int32', shape: [], data: Int32Array.of(length + tokens) },
    }
  }

  #openFeeds(cache: KvCache, tokens: number): Record<string, Tensor> {
    const input = { config: this.config, attention: this.attention, cache }
    return {
      ...this.#pastFeeds(cache, []),
      ...chunkBiases(input, tokens),
      ...(cache.ragged ? slotRows(cache) : {}),
    }
  }

  /** How programs take this cache. Patterns have graphs of their own, where all layers are alike. */
  #pastForm(cache: KvCache): PastForm {
    const { format } = cache
    if (this.attention.build) return { format, layout: 'alike' }
    return { format, layout: cache.ragged ? 'ragged' : 'layers' }
  }

  /** A past of few slots, none of them in use: the room of a cache that is still empty need not be read. */
  #emptyCache(format: CacheFormat): KvCache {
    const known = this.#empty.get(format) ?? this.createCache(0, undefined, format)
    this.#empty.set(format, known)
    return known
  }

  #pastFeeds(cache: KvCache, batch: readonly number[]): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {}
    for (let layer = 0; layer < cache.shape.layers; layer++) {
      const { tensors } = cache.layer(layer)
      for (const name of Object.keys(tensors)) {
        const tensor = tensors[name]!
        // the layer's own tensors where they fit: what is fed again is not prepared again
        feeds[`${name}.${layer}`] = batch.length === 0 ? tensor : { ...tensor, shape: [...batch, ...tensor.shape] }
      }
    }
    return feeds
  }

  #patternContext({ cache, ids, ropes }: RunRequest, mode: AttentionMode): PatternFeedContext {
    return {
      cache,
      edits: cache.edits,
      config: this.config,
      ropes,
      mode,
      tokens: ids.length,
      capacity: cache.capacity,
      position: cache.nextPosition,
      keys: (layer) => cache.layer(layer).tensors.pastKey!.data as Float32Array,
      values: (layer) => cache.layer(layer).tensors.pastValue!.data as Float32Array,
      length: (layer, head) => cache.lengthOf(layer, head),
      positions: (layer, head) => cache.positionsOf(layer, head),
    }
  }

  #variant(seen: PatternFeedContext): { variant?: string } {
    const variant = this.attention.variant?.(seen)
    return variant === undefined ? {} : { variant }
  }

  /** All layers are the same program, however they are asked for. */
  #depth(layers: number | undefined): { layers?: number } {
    return layers === undefined || layers === this.config.layers.length ? {} : { layers }
  }
}

function rowNames(cache: KvCache): string[] {
  return layersOf(cache).flatMap((layer) => [`key.${layer}`, `value.${layer}`])
}

function newRows(cache: KvCache, outputs: RunOutputs): NewRows[] {
  return layersOf(cache).map((layer) => ({
    key: outputs[`key.${layer}`]!.data as Float32Array,
    value: outputs[`value.${layer}`]!.data as Float32Array,
  }))
}

/** Rows of a step, whose layers come in one piece. */
function stepRows(cache: KvCache, outputs: RunOutputs): NewRows[] {
  const width = cache.shape.kvHeads * cache.shape.headDim
  const [keys, values] = [outputs.keys!.data as Float32Array, outputs.values!.data as Float32Array]
  return layersOf(cache).map((layer) => ({
    key: keys.subarray(layer * width, (layer + 1) * width),
    value: values.subarray(layer * width, (layer + 1) * width),
  }))
}

/** The output of a step in which an output of one layer comes. */
function stepOutputOf(name: string): string {
  const kind = name.slice(0, name.indexOf('.'))
  return isStepOutput(kind) ? stepOutputs[kind] : name
}

function isStepOutput(kind: string): kind is keyof typeof stepOutputs {
  return Object.hasOwn(stepOutputs, kind)
}

/** Outputs of single layers from those of all. */
function layerParts(names: readonly string[], joined: RunOutputs, layers: number): RunOutputs {
  const parts: Record<string, HostTensor> = {}
  for (const name of names) {
    const all = joined[stepOutputOf(name)]!
    if (joined[name]) continue
    const layer = Number(name.slice(name.indexOf('.') + 1))
    const size = all.data.length / layers
    const data = all.data.subarray(layer * size, (layer + 1) * size)
    parts[name] = { dtype: all.dtype, shape: [all.shape[0]! / layers, ...all.shape.slice(1)], data }
  }
  return parts
}

function layersOf(cache: KvCache): number[] {
  return Array.from({ length: cache.shape.layers }, (_, layer) => layer)
}

/** Where the slots of each head lie among those of all heads of a ragged layer, `[G, C]`, C the fullest head's. */
function slotRows(cache: KvCache): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {}
  for (let layer = 0; layer < cache.shape.layers; layer++) {
    const { starts } = cache.layer(layer).layout
    const lengths = cache.lengthsOf(layer)
    const width = chunkWidth(cache, layer)
    const data = new Int32Array(starts.length * width)
    for (let head = 0; head < starts.length; head++)
      for (let slot = 0; slot < lengths[head]!; slot++) data[head * width + slot] = starts[head]! + slot
    feeds[`slotRows.${layer}`] = { dtype: 'int32', shape: [starts.length, width], data }
  }
  return feeds
}

function idTensor(ids: ArrayLike<number>, shape: readonly number[]): HostTensor {
  return { dtype: 'int64', shape, data: BigInt64Array.from({ length: ids.length }, (_, at) => BigInt(ids[at]!)) }
}

function repeated(rows: Float32Array, times: number): Float32Array {
  if (times === 1) return rows
  const result = new Float32Array(rows.length * times)
  for (let time = 0; time < times; time++) result.set(rows, time * rows.length)
  return result
}

/** A program of fewer layers takes fewer inputs. */
function onlyInputs(feeds: Record<string, Tensor>, names: readonly string[]): Record<string, Tensor> {
  return Object.fromEntries(names.map((name) => [name, feeds[name]!]))
}

function signalOf({ signal }: CallOptions): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
