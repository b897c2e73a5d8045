/** @file Scores requests: short ones in batches of like length, those with one long prefix on its cache, long ones in chunks. */
import type { Accuracy, CallOptions, ScoreRequest, ScoreResult } from '@lc/model'
import { chunkTokens, type DecoderRunner } from '../../cache/decoder-runner.ts'
import { feedTokens } from '../../cache/feed-tokens.ts'
import type { KvCache } from '../../cache/kv-cache.ts'
import type { LocalTokenizer } from '../../tokenizer/local-tokenizer.ts'
import { planBatches } from '../encoder/plan-batches.ts'
import { planScore, type ScoreItem } from './score-plan.ts'
import { targetLogprobs } from './target-logprobs.ts'

/** What scoring works with. */
export interface ScoreTools {
  readonly runner: DecoderRunner
  readonly tokenizer: LocalTokenizer
  checkLength(tokens: number): void
}

type Options = CallOptions & { readonly accuracy: Accuracy }

/** Longer texts are run alone, in chunks. */
const longestInBatch = 512
/** A prefix that several requests share is cached from this length on. */
const shortestSharedPrefix = 64
const batchLimits = { maxTokens: 1024, maxPairs: 1024 * 512 }

/** Scores all requests, in the order given. */
export async function scoreRequests(
  requests: readonly ScoreRequest[],
  tools: ScoreTools,
  options: Options,
): Promise<ScoreResult[]> {
  options.signal?.throwIfAborted()
  const items = requests.map((request, index) => planScore(request, tools.tokenizer, index))
  for (const item of items) tools.checkLength((item.prepared?.length ?? item.before.length) + item.ids.length)
  const logprobs = new Array<Float32Array>(items.length)
  let done = 0
  const finish = (index: number, values: Float32Array): void => {
    logprobs[index] = values
    done++
    options.onProgress?.({ type: 'progress', operation: 'score', done, total: items.length, unit: 'requests' })
  }
  const rest = await scorePrefixed(items, tools, options, finish)
  const short = rest.filter((index) => tokensOf(items[index]!) <= longestInBatch && fits(tools.runner, items[index]!))
  const long = rest.filter((index) => !short.includes(index))
  await scoreBatched(short, items, tools, options, finish)
  for (const index of long) {
    const item = items[index]!
    const ropes = tools.runner.ropes.forLength(tokensOf(item))
    const cache = tools.runner.createCache(cachedTokens(tokensOf(item), tools.runner))
    try {
      finish(index, await scoreOnCache(tools.runner, { cache, ropes, head: item.before, ids: item.ids }, options))
    } finally {
      cache.close()
    }
  }
  const { accuracy } = options
  return items.map(({ ids, spans }, index) => ({ ids, spans, logprobs: logprobs[index]!, accuracy }))
}

/** Tokens of a text that is scored in chunks, but for the last one, which never goes into the cache. */
function cachedTokens(tokens: number, runner: DecoderRunner): number {
  const size = chunkTokens[runner.attention.prefill]
  return Math.floor(Math.max(tokens - 2, 0) / size) * size
}

function tokensOf(item: ScoreItem): number {
  return item.before.length + item.ids.length
}

/** Batches run without a cache, which patterns other than the full one may need. */
function fits(runner: DecoderRunner, item: ScoreItem): boolean {
  return runner.attention.prefill === 'fused' && !item.prepared
}

/** Scores what has a prefix in common with others, or prepared; gives the indices of the rest. */
async function scorePrefixed(
  items: readonly ScoreItem[],
  tools: ScoreTools,
  options: Options,
  finish: (index: number, values: Float32Array) => void,
): Promise<number[]> {
  const rest: number[] = []
  const groups = new Map<string, number[]>()
  for (const [index, item] of items.entries()) {
    if (item.prepared) finish(index, await scorePrepared(tools.runner, item, options))
    else if (item.before.length < shortestSharedPrefix) rest.push(index)
    else {
      const key = item.before.join()
      groups.set(key, [...(groups.get(key) ?? []), index])
    }
  }
  for (const group of groups.values()) {
    if (group.length === 1) rest.push(group[0]!)
    else await scoreGroup(group, items, tools, options, finish)
  }
  return rest.sort((left, right) => left - right)
}

async function scorePrepared(runner: DecoderRunner, item: ScoreItem, options: Options): Promise<Float32Array> {
  const prepared = item.prepared!
  const ropes = runner.ropes.forLength(prepared.plannedLength)
  const last = prepared.ids.slice(-1)
  // the last token is run again: its hidden state gives the first probability
  return prepared.withCopy(last.length, (cache) =>
    scoreOnCache(
      runner,
      { cache, ropes, head: Uint32Array.from(last), ids: item.ids },
      { ...options, accuracy: prepared.accuracy },
    ),
  )
}

/** Requests with one prefix: it is run once. */
async function scoreGroup(
  group: readonly number[],
  items: readonly ScoreItem[],
  { runner }: ScoreTools,
  options: Options,
  finish: (index: number, values: Float32Array) => void,
): Promise<void> {
  const { before } = items[group[0]!]!
  const ropes = runner.ropes.forLength(Math.max(...group.map((index) => tokensOf(items[index]!))))
  const shared = runner.createCache(before.length)
  try {
    const prefix = before.subarray(0, -1)
    await feedTokens(runner, { ...options, cache: shared, ids: prefix, ropes, onProgress: undefined })
    for (const index of group) {
      const cache = shared.fork()
      try {
        const head = before.subarray(-1)
        finish(index, await scoreOnCache(runner, { cache, ropes, head, ids: items[index]!.ids }, options))
      } finally {
        cache.close()
      }
    }
  } finally {
    shared.close()
  }
}

interface CachedScore {
  readonly cache: KvCache
  readonly ropes: ReturnType<DecoderRunner['ropes']['forLength']>
  /** Tokens before the scored ones that are not in the cache yet. */
  readonly head: Uint32Array
  readonly ids: Uint32Array
}

/** Log-probabilities of ids after what is cached and the head; NaN for the first where nothing precedes it. */
async function scoreOnCache(runner: DecoderRunner, work: CachedScore, options: Options): Promise<Float32Array> {
  const { cache, ropes, head, ids } = work
  if (ids.length === 0) return new Float32Array(0)
  const all = Uint32Array.from([...head, ...ids])
  const known = head.length > 0
  const inputs = all.subarray(0, -1)
  const hiddenFrom = known ? head.length - 1 : 0
  const hidden = await feedTokens(runner, {
    ...options,
    onProgress: undefined,
    cache,
    ids: inputs,
    ropes,
    hiddenFrom,
    keepLast: false,
  })
  const values = await targetLogprobs(runner, hidden, known ? ids : ids.subarray(1), options)
  return known ? values : withoutFirst(values)
}

function withoutFirst(values: Float32Array): Float32Array {
  const result = new Float32Array(values.length + 1)
  result[0] = Number.NaN
  result.set(values, 1)
  return result
}

async function scoreBatched(
  indices: readonly number[],
  items: readonly ScoreItem[],
  { runner }: ScoreTools,
  options: Options,
  finish: (index: number, values: Float32Array) => void,
): Promise<void> {
  const lengths = indices.map((index) => Math.max(tokensOf(items[index]!) - 1, 0))
  for (const batch of planBatches(lengths, batchLimits)) {
    options.signal?.throwIfAborted()
    const members = batch.map((at) => indices[at]!)
    // one token, or nothing, needs no run
    const running = members.filter((index) => tokensOf(items[index]!) > 1 && items[index]!.ids.length > 0)
    for (const index of members) if (!running.includes(index)) finish(index, lonely(items[index]!))
    // frequencies that depend on the length do not mix in a batch
    for (const group of byFrequencies(running, items, runner))
      await scoreOneBatch(group, items, runner, options, finish)
  }
}

function lonely(item: ScoreItem): Float32Array {
  return new Float32Array(item.ids.length).fill(Number.NaN)
}

function byFrequencies(indices: readonly number[], items: readonly ScoreItem[], runner: DecoderRunner): number[][] {
  const groups = new Map<string, number[]>()
  for (const index of indices) {
    const key = runner.ropes.keyOf(tokensOf(items[index]!))
    groups.set(key, [...(groups.get(key) ?? []), index])
  }
  return [...groups.values()]
}

async function scoreOneBatch(
  indices: readonly number[],
  items: readonly ScoreItem[],
  runner: DecoderRunner,
  options: Options,
  finish: (index: number, values: Float32Array) => void,
): Promise<void> {
  const texts = indices.map((index) => [...items[index]!.before, ...items[index]!.ids].slice(0, -1))
  const tokens = Math.max(...texts.map((text) => text.length))
  const ropes = runner.ropes.forLength(tokensOf(items[indices[0]!]!))
  const { hidden } = await runner.runBatch(texts, { ...options, onProgress: undefined, ropes, fetches: ['hidden'] })
  const states = hidden!.data as Float32Array
  const width = runner.config.hiddenSize
  const rows: { from: number; count: number }[] = []
  const targets: number[] = []
  for (const [row, index] of indices.entries()) {
    const { before, ids } = items[index]!
    const own = before.length > 0 ? ids : ids.subarray(1)
    rows.push({ from: row * tokens + texts[row]!.length - own.length, count: own.length })
    targets.push(...own)
  }
  const picked = new Float32Array(targets.length * width)
  let offset = 0
  for (const { from, count } of rows) {
    picked.set(states.subarray(from * width, (from + count) * width), offset * width)
    offset += count
  }
  const values = await targetLogprobs(runner, picked, targets, options)
  offset = 0
  for (const [row, index] of indices.entries()) {
    const own = values.slice(offset, offset + rows[row]!.count)
    offset += rows[row]!.count
    finish(index, items[index]!.before.length > 0 ? own : withoutFirst(own))
  }
}
