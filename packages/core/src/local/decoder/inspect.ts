/** @file Hidden states and logits of chosen tokens. */
import type { CallOptions, TokenRange } from '@lc/model'
import { checkArgument, checkInteger } from '@lc/model/check'
import { chunkTokens, type DecoderRunner } from '../../cache/decoder-runner.ts'
import type { ModelNumbers } from './local-model-interface.ts'
import { logitsOfRows } from './target-logprobs.ts'

/** The range asked for, inside the tokens. */
export function rowsOf(range: TokenRange, tokens: number): TokenRange {
  const { from, to } = range
  const fits = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= tokens
  checkArgument(fits, 'rows', `${from} to ${to}`, `a range in the ${tokens} tokens of the input, not empty`)
  return range
}

/** Hidden states `[layers, rows, E]`. */
export async function hiddenStates(
  runner: DecoderRunner,
  ids: ArrayLike<number>,
  wanted: { readonly layers: readonly number[]; readonly rows: TokenRange },
  options: CallOptions,
): Promise<ModelNumbers> {
  const depth = runner.config.layers.length
  for (const layer of wanted.layers) checkInteger(layer, 'layers', { min: 0, max: depth })
  const { from, to } = wanted.rows
  const width = runner.config.hiddenSize
  const data = new Float32Array(wanted.layers.length * (to - from) * width)
  const names = wanted.layers.map((layer) => (layer === depth ? 'hidden' : `stream.${layer}`))
  const cache = runner.createCache()
  const ropes = runner.ropes.forLength(ids.length)
  try {
    for (let start = 0; start < to; ) {
      options.signal?.throwIfAborted()
      const end = Math.min(to, start + chunkTokens[runner.modeFor(cache)])
      const chunk = Array.from({ length: end - start }, (_, at) => ids[start + at]!)
      const fetches = end > from ? names : []
      const run = { cache, ids: chunk, accuracy: 'exact', ropes, fetches, signal: options.signal } as const
      const outputs = await runner.runChunk({ ...run, append: end < to || fetches.length === 0 })
      const first = Math.max(start, from)
      for (const [index, name] of (end > from ? names : []).entries()) {
        const rows = outputs[name]!.data as Float32Array
        data.set(rows.subarray((first - start) * width), (index * (to - from) + first - from) * width)
      }
      start = end
    }
  } finally {
    cache.close()
  }
  return { shape: [wanted.layers.length, to - from, width], data }
}

/** Logits `[rows, V]`. */
export async function tokenLogits(
  runner: DecoderRunner,
  ids: ArrayLike<number>,
  rows: TokenRange,
  options: CallOptions,
): Promise<ModelNumbers> {
  const layers = [runner.config.layers.length]
  const { data } = await hiddenStates(runner, ids, { layers, rows }, options)
  const logits = await logitsOfRows(runner, data, { ...options, accuracy: 'exact' })
  return { shape: [rows.to - rows.from, runner.config.vocabularySize], data: logits }
}
