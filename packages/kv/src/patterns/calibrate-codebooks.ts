import type { CacheEvent, CachePolicy, DecoderConfig, LocalModel } from '@lc/core'
import { RopeTable } from '@lc/core/models'
import type { CallOptions } from '@lc/model'
import { checkArgument, checkInteger } from '@lc/model/check'
import { a2atsDefaults } from './a2ats.ts'
import { type CodebookSample, type Codebooks, fitCodebook } from './codebook.ts'
import { turnRow, turnsBy } from './turn-rows.ts'

/** Options of `calibrateCodebooks`. */
export interface CalibrateOptions extends Pick<CallOptions, 'signal' | 'onProgress'> {
  /** What the model reads for its keys and queries: a text like those to come, or its token ids. */
  readonly text: string | readonly number[]
  /** Codes of each layer and key/value head; fewer than the text has tokens. Defaults to 256; the paper has 4096. */
  readonly size?: number
  /** Defaults to 0. */
  readonly seed?: number
  /** Rounds of k-means at most. Defaults to 25; the paper has 300. */
  readonly rounds?: number
}

/** The defaults of `calibrateCodebooks`. */
export const calibrateDefaults = Object.freeze({ size: 256, rounds: 25 } as const)

/**
 * Codebooks for `a2ats` from a text that the model reads once. They belong to the model, and can be kept as they are: plain arrays. Each
 * layer and head takes time in proportion to tokens, codes and rounds.
 *
 * @throws InvalidArgumentError for a text with fewer tokens than codes
 */
export async function calibrateCodebooks(model: LocalModel, options: CalibrateOptions): Promise<Codebooks> {
  const size = checkInteger(options.size ?? calibrateDefaults.size, 'size', { min: 1 })
  const { signal, onProgress, seed = 0, rounds = calibrateDefaults.rounds } = options
  const samples = await readSamples(model, options, size)
  return samples.map((own, layer) => {
    onProgress?.({ type: 'progress', operation: 'calibrate', done: layer, total: samples.length, unit: 'steps' })
    return own.map((sample) => fitCodebook(sample, { size, seed, rounds, signal }))
  })
}

/** Keys and queries by layer and key/value head. */
async function readSamples(model: LocalModel, { text, signal }: CalibrateOptions, size: number) {
  let samples: CodebookSample[][] = []
  const policy: CachePolicy = {
    id: 'calibration',
    triggers: [{ on: 'prefill-end' }],
    needs: ({ contextLength }) => [{ kind: 'queries', last: contextLength }],
    start: ({ config }) => ({
      act: (event) => {
        samples = samplesOf(config, event)
        return []
      },
    }),
  }
  await using session = model.session({ policy, accuracy: 'exact' })
  await session.prefill(text, signal ? { signal } : {})
  const tokens = samples[0]![0]!.keys.length / samples[0]![0]!.headDim
  checkArgument(tokens >= size, 'text', `${tokens} tokens`, `at least as many tokens as codes, ${size}`)
  return samples
}

function samplesOf(config: DecoderConfig, { cache, observations }: CacheEvent): CodebookSample[][] {
  const ropes = new Map(
    Object.entries(config.ropes).map(([kind, rope]) => [kind, new RopeTable(rope, cache.nextPosition)]),
  )
  const { kvHeads, heads, headDim } = config
  const group = heads / kvHeads
  return config.layers.map((_, layer) => {
    const { data, positions } = observations.queries(layer)
    const back = turnsBy(
      { config, ropes },
      layer,
      Array.from(cache.positionsOf(layer, 0), (position) => -position),
    )
    const away = turnsBy(
      { config, ropes },
      layer,
      Array.from(positions, (position) => a2atsDefaults.farPosition - position),
    )
    return Array.from({ length: kvHeads }, (_, head) => {
      const rows = cache.layer(layer).keyRows(head, cache.lengthOf(layer, head))
      const keys = new Float32Array(rows.length)
      for (let at = 0; at < rows.length; at += headDim)
        turnRow(back, at / headDim, { data: rows, from: at }, { data: keys, to: at, headDim })
      const queries = new Float32Array(positions.length * group * headDim)
      for (let at = 0; at < queries.length; at += headDim) {
        const [token, member] = [Math.floor(at / (group * headDim)), (at / headDim) % group]
        const from = (token * heads + head * group + member) * headDim
        turnRow(away, token, { data, from }, { data: queries, to: at, headDim })
      }
      return { headDim, keys, queries }
    })
  })
}
