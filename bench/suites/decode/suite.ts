import { benchModel, tokenIds } from '../../runner/bench-input.ts'
import { lcContestant, nodeLlamaCpp, pyTorch, transformersJs } from '../../runner/contestants.ts'
import { interleave } from '../../runner/interleave.ts'
import type { Suite } from '../../runner/suite.ts'
import { throughputRows, withRatios } from '../../runner/throughput-rows.ts'

const contexts = [512, 8000]
const steps = 64

/** Greedy decoding, one token at a time, after a context. */
export const suite: Suite = {
  title: `Decode: ${steps} tokens after a context, full cache`,
  async run(options, say) {
    const model = await benchModel(options)
    const ids = await tokenIds(model, contexts.at(-1)!)
    const contestants = [
      lcContestant('lc, float32 cache', { LC_BENCH_ACCURACY: 'fast' }),
      lcContestant('lc, int8 cache', { LC_BENCH_ACCURACY: 'fast', LC_BENCH_CACHE: 'int8' }),
      nodeLlamaCpp(),
      pyTorch(options),
      await transformersJs('fp32', model),
      await transformersJs('q4', model),
    ]
    const tasks = contexts.map((size) => ({
      what: `after ${size} tokens`,
      request: { op: 'decode' as const, ids: ids.slice(0, size), steps },
      // their prefill of 8,000 tokens takes most of a minute
      only: ({ name }: { name: string }) => !/^(PyTorch|transformers.js)/.test(name) || size <= 2048,
    }))
    const { measurements, absent, versions } = await interleave(contestants, model, tasks, options.repeat, say)
    const rows = throughputRows(measurements, () => steps, versions)
    return {
      rows: withRatios(rows, ['node-llama-cpp']),
      absent,
      notes: ['PyTorch and transformers.js decode after the short context alone.'],
    }
  },
}
