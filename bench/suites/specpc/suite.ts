import { compressByAttention, type ScoredLayers } from '@lc/compress/specpc'
import { type LocalModel, loadModel } from '@lc/core'
import { makePassage } from '@lc/model'
import { benchModel, tokenIds } from '../../runner/bench-input.ts'
import { summarise } from '../../runner/statistics.ts'
import type { Row, Suite } from '../../runner/suite.ts'

const tokens = 4000
const query = 'How long is the pause before a failed call is tried again?'
const depths = [20, 30]

/** SpecPC beside the plain prefill of the same tokens up to the last layer whose attention counts. */
export const suite: Suite = {
  title: `SpecPC on ${tokens} tokens beside the prefill up to the last scored layer`,
  async run(options, say) {
    const file = await benchModel(options)
    const ids = await tokenIds(file, tokens)
    const model = await loadModel({ file }, { accuracy: 'exact' })
    try {
      return { rows: await measure(model, ids, Math.min(options.repeat, 4), say), absent: [] }
    } finally {
      await model.close()
    }
  },
}

async function measure(
  model: LocalModel,
  ids: readonly number[],
  repeat: number,
  say: (line: string) => void,
): Promise<Row[]> {
  const passages = [makePassage(model.tokenizer.decode(ids), { uri: 'sources' })]
  const seconds = new Map<string, number[]>()
  // the first round makes the programs and is not counted
  for (let round = 0; round <= repeat; round++)
    for (const to of depths) {
      say(`round ${round} of ${repeat}, ${to} layers`)
      const layers: ScoredLayers = { from: 8, to }
      const prefill = await time(() => prefillTo(model, ids, to))
      const { timings, seconds: all } = await compressByAttention(passages, {
        attender: model,
        query,
        budget: 1000,
        layers,
        windowTokens: 2 * tokens,
      })
      if (round === 0) continue
      add(seconds, `prefill to layer ${to}`, prefill)
      add(seconds, `SpecPC's pass to layer ${to}`, timings.attend!)
      add(seconds, `SpecPC whole, to layer ${to}`, all)
    }
  return [...seconds].map(([contestant, values]): Row => {
    const to = contestant.split(' ').at(-1)
    const reference = `prefill to layer ${to}`
    // of pairs of one round, so that what else the machine does cancels out
    const ratio = summarise(values.map((value, round) => seconds.get(reference)![round]! / value)).median
    return {
      contestant,
      what: `${tokens} tokens`,
      unit: 's',
      value: summarise(values),
      ...(contestant === reference ? {} : { ratios: [{ to: reference, value: ratio }] }),
    }
  })
}

/** One row of attention of the last layer: next to nothing beside the pass that leads to it. */
async function prefillTo(model: LocalModel, ids: readonly number[], to: number): Promise<void> {
  const queries = { from: ids.length - 1, to: ids.length }
  await model.attend({ input: ids, queries, layers: [to - 1], heads: 'max', rows: 'each' })
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1000
}

function add(lists: Map<string, number[]>, name: string, value: number): void {
  lists.set(name, [...(lists.get(name) ?? []), value])
}
