/**
 * @file What attention patterns bring at long contexts: a step with each beside one with full attention, on the same made-up cache. Speed
 * only: contents do not matter to it, and no model here was made for such lengths.
 */
import { type AttentionPattern, type CachePolicy, type KvCache, type LocalModel, loadModel } from '@lc/core'
import { longGen, quest, recycledAttention } from '@lc/kv/patterns'
import { seededRandom } from '@lc/model'
import { benchModel } from '../../runner/bench-input.ts'
import { summarise } from '../../runner/statistics.ts'
import type { BenchOptions, Row, Suite } from '../../runner/suite.ts'

const budget = 1024
const patterns: readonly { readonly name: string; readonly attention?: AttentionPattern }[] = [
  { name: 'full attention' },
  { name: 'quest', attention: quest({ budget }) },
  { name: 'quest, pages of 32', attention: quest({ budget, pageSize: 32 }) },
  { name: 'quest, pages of 32, no dense layer', attention: quest({ budget, pageSize: 32, denseLayers: 0 }) },
  { name: 'recycled-attention, between full steps', attention: recycledAttention({ budget, stride: 100_000 }) },
  { name: 'long-gen', attention: longGen({ budget }) },
]

/** Steps before those that count: what a pattern keeps is made at the first. */
const warmUp = 2
const stepsOfRound = 8

interface Runner {
  readonly name: string
  readonly model: LocalModel
  readonly step: (id: number) => Promise<void>
  /** Milliseconds of each step. */
  readonly times: number[]
}

/** `LC_BENCH_CONTEXT` names other lengths. */
export const suite: Suite = {
  title: 'Attention patterns: a step at long contexts, SmolLM2-135M Q4_1, fast accuracy, float32 cache',
  async run(options, say) {
    const lengths = (process.env.LC_BENCH_CONTEXT ?? (options.quick ? '8000' : '8000,32000')).split(',').map(Number)
    const rows: Row[] = []
    for (const length of lengths) rows.push(...(await measureLength(options, length, say)))
    return {
      rows,
      absent: [],
      notes: [
        `Caches are filled with random numbers. A budget of ${budget} tokens. Steps are taken in turns, ${stepsOfRound} of each in a round.`,
      ],
    }
  },
}

async function measureLength(options: BenchOptions, length: number, say: (line: string) => void): Promise<Row[]> {
  const file = await benchModel(options)
  const steps = warmUp + stepsOfRound * options.repeat
  const runners: Runner[] = []
  try {
    for (const { name, attention } of patterns) runners.push(await prepare(file, { name, attention, length, steps }))
    for (let step = 0; step < steps; step++)
      for (const { step: run, times } of runners) {
        const began = performance.now()
        await run(100 + step)
        if (step >= warmUp) times.push(performance.now() - began)
      }
  } finally {
    for (const { model } of runners) await model.close()
  }
  const full = summarise(runners[0]!.times).median
  return runners.map(({ name, times }) => {
    const value = summarise(times)
    say(`${name}, ${length} tokens: ${value.median.toFixed(1)} ms`)
    const ratios = [{ to: patterns[0]!.name, value: full / value.median }]
    return { contestant: name, what: `a step at ${length} tokens`, unit: 'ms', value, ratios }
  })
}

async function prepare(
  file: string,
  given: { name: string; attention: AttentionPattern | undefined; length: number; steps: number },
): Promise<Runner> {
  const { name, attention, length, steps } = given
  const contextLength = length + steps + 16
  const model = await loadModel({ file }, { device: 'cpu', contextLength, ...(attention && { attention }) })
  let cache: KvCache | undefined
  const session = model.session({ policy: watching((own) => (cache = own)), accuracy: 'fast' })
  await session.prefill([1, 2, 3])
  fill(cache!, length)
  const step = async (id: number): Promise<void> => {
    await session.append([id])
  }
  return { name, model, step, times: [] }
}

/** A policy that keeps everything, and shows its cache. */
function watching(see: (cache: KvCache) => void): CachePolicy {
  return {
    id: 'watching',
    triggers: [{ on: 'prefill-end' }],
    needs: () => [],
    start: () => ({
      act: ({ cache }) => {
        see(cache)
        return []
      },
    }),
  }
}

function fill(cache: KvCache, length: number): void {
  const { layers, kvHeads, headDim } = cache.shape
  const block = 512
  const random = seededRandom(1)
  const data = Float32Array.from({ length: block * kvHeads * headDim }, () => 4 * random() - 2)
  const rows = Array.from({ length: layers }, () => ({ key: data, value: data }))
  cache.reserve(length)
  while (cache.length < length) cache.append(rows, Math.min(block, length - cache.length))
}
