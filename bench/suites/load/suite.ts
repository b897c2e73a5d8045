import { benchModel, tokenIds } from '../../runner/bench-input.ts'
import { ContestantProcess } from '../../runner/contestant-process.ts'
import { lcContestant, nodeLlamaCpp, pyTorch, transformersJs } from '../../runner/contestants.ts'
import { summarise } from '../../runner/statistics.ts'
import type { Row, Suite } from '../../runner/suite.ts'

/** Fresh processes: the time until the model is ready, and the highest resident size after scoring 2,048 tokens. */
export const suite: Suite = {
  title: 'Load and memory: fresh process, model file in the page cache, then 2,048 tokens scored',
  async run(options, say) {
    const model = await benchModel(options)
    const ids = await tokenIds(model, 2049)
    const contestants = [
      lcContestant('lc exact', { LC_BENCH_ACCURACY: 'exact' }),
      lcContestant('lc fast', { LC_BENCH_ACCURACY: 'fast' }),
      lcContestant('lc exact, first time', { LC_BENCH_ACCURACY: 'exact', LC_BENCH_FIRST: '1' }),
      lcContestant('lc fast, first time', { LC_BENCH_ACCURACY: 'fast', LC_BENCH_FIRST: '1' }),
      nodeLlamaCpp(),
      pyTorch(options),
      await transformersJs('fp32', model),
    ]
    const rows: Row[] = []
    const absent: { contestant: string; reason: string }[] = []
    for (const contestant of contestants) {
      if (contestant.missing) {
        absent.push({ contestant: contestant.name, reason: contestant.missing })
        continue
      }
      const seconds: number[] = []
      const peaks: number[] = []
      for (let round = 0; round < options.repeat; round++) {
        const child = new ContestantProcess(contestant)
        const loaded = await child.request({ op: 'load', model })
        const scored = await child.request({ op: 'score', ids })
        const { peakBytes = 0 } = await child.request({ op: 'memory' })
        await child.close()
        const problem = loaded.error ?? scored.error
        if (problem) {
          absent.push({ contestant: contestant.name, reason: problem.split('\n')[0]! })
          break
        }
        seconds.push(loaded.ms! / 1000)
        peaks.push(peakBytes / 1e9)
        say(
          `round ${round + 1}  ${contestant.name}: ready in ${loaded.ms!.toFixed(0)} ms, peak ${(peakBytes / 1e9).toFixed(2)} GB`,
        )
      }
      if (seconds.length === 0) continue
      rows.push({ contestant: contestant.name, what: 'ready after', unit: 's', value: summarise(seconds) })
      rows.push({ contestant: contestant.name, what: 'highest resident size', unit: 'GB', value: summarise(peaks) })
    }
    return { rows, absent }
  },
}
