import { benchModel, tokenIds } from '../../runner/bench-input.ts'
import { lcContestant, nodeLlamaCpp, pyTorch, transformersJs } from '../../runner/contestants.ts'
import { interleave } from '../../runner/interleave.ts'
import type { Suite } from '../../runner/suite.ts'
import { throughputRows, withRatios } from '../../runner/throughput-rows.ts'

const sizes = [512, 2048]

const notes = ['transformers.js also computes the logits of every token of the prompt; the others those of the last.']

/** Reading a prompt into the key-value cache. */
export const suite: Suite = {
  title: 'Prefill: reading a prompt into the cache',
  async run(options, say) {
    const model = await benchModel(options)
    const ids = await tokenIds(model, sizes.at(-1)!)
    const contestants = [
      lcContestant('lc fast', { LC_BENCH_ACCURACY: 'fast' }),
      nodeLlamaCpp(),
      pyTorch(options),
      await transformersJs('fp32', model),
      await transformersJs('q4', model),
    ]
    const tasks = sizes.map((size) => ({
      what: `${size} tokens`,
      request: { op: 'prefill' as const, ids: ids.slice(0, size) },
    }))
    const { measurements, absent, versions } = await interleave(contestants, model, tasks, options.repeat, say)
    const rows = throughputRows(measurements, (what) => Number.parseInt(what, 10), versions)
    return { rows: withRatios(rows, ['node-llama-cpp']), absent, notes }
  },
}
