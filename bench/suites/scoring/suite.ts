import { benchModel, tokenIds } from '../../runner/bench-input.ts'
import { lcContestant, nodeLlamaCpp, pyTorch, transformersJs } from '../../runner/contestants.ts'
import { interleave } from '../../runner/interleave.ts'
import type { Suite } from '../../runner/suite.ts'
import { throughputRows, withRatios } from '../../runner/throughput-rows.ts'

const sizes = [512, 2048]

/** Log-probability of every token of a text. */
export const suite: Suite = {
  title: 'Scoring a text: log-probability of each token',
  async run(options, say) {
    const model = await benchModel(options)
    const ids = await tokenIds(model, sizes.at(-1)! + 1)
    const contestants = [
      lcContestant('lc exact', { LC_BENCH_ACCURACY: 'exact' }),
      lcContestant('lc fast', { LC_BENCH_ACCURACY: 'fast' }),
      pyTorch(options),
      nodeLlamaCpp(),
      nodeLlamaCpp({ LC_BENCH_CONFIDENCE: '1' }),
      await transformersJs('fp32', model),
    ]
    const tasks = sizes.map((size) => ({
      what: `${size} tokens`,
      request: { op: 'score' as const, ids: ids.slice(0, size + 1) },
    }))
    const { measurements, absent, versions } = await interleave(contestants, model, tasks, options.repeat, say)
    const rows = throughputRows(measurements, (what) => Number.parseInt(what, 10), versions)
    return { rows: withRatios(rows, ['PyTorch float32', 'node-llama-cpp']), absent }
  },
}
