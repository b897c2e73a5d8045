import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { compressWithoutModel } from '@lc/compress'
import { nodeCodeParsers } from '@lc/compress/node'
import { loadModel } from '@lc/core'
import { loadTokenClassifier } from '@lc/core/encoder'
import { benchModel } from '../../runner/bench-input.ts'
import { benchJournal } from '../../runner/bench-journal.ts'
import { currentCommit } from '../../runner/machine.ts'
import { codeOfSize, prose, textOfTokens } from '../../runner/own-texts.ts'
import { summarise } from '../../runner/statistics.ts'
import type { BenchOptions, Row, Suite, SuiteTable } from '../../runner/suite.ts'
import { growthRows } from './growth.ts'
import { secondQueryRows } from './second-query.ts'
import { wordMethodRows } from './word-methods.ts'

const root = join(import.meta.dirname, '..', '..', '..')

/** Compressors beside the released programs; growth with the input; a second question; code without a model. */
export const suite: Suite = {
  title: 'Compression: speed',
  async run(options, say) {
    const file = await benchModel(options)
    const journal = await benchJournal(options.journal, {
      suite: 'compression-speed',
      commit: currentCommit().slice(0, 7),
    })
    try {
      const beside = await journal.remember('word methods', say, async () => {
        const texts = await wordTexts(file)
        return wordMethodRows(roundsOf(options), file, texts, say)
      })
      const own = await ownRows(options.quick ?? false, roundsOf(options), file, journal.remember, say)
      return { rows: [...beside.rows, ...own], absent: beside.absent } satisfies SuiteTable
    } finally {
      await journal.close()
    }
  },
}

/** Rounds that count: the released programs take a minute each. */
function roundsOf({ quick, repeat }: BenchOptions): number {
  return Math.min(repeat, quick ? 1 : 3)
}

async function wordTexts(file: string): Promise<{ surprise: string; classifier: string }> {
  await using model = await loadModel({ file }, { device: 'cpu' })
  const pages = prose()
  const words = pages.repeat(10).match(/\S+\s*/g)!
  return { surprise: textOfTokens(pages, 2000, model.tokenizer), classifier: words.slice(0, 10_000).join('') }
}

async function ownRows(
  quick: boolean,
  rounds: number,
  file: string,
  remember: Awaited<ReturnType<typeof benchJournal>>['remember'],
  say: (line: string) => void,
): Promise<Row[]> {
  await using model = await loadModel({ file }, { device: 'cpu', accuracy: 'fast' })
  const folder = join(root, '.cache', 'bench', 'lingua', 'bert-base-multilingual-cased')
  const classifier = existsSync(folder) ? await loadTokenClassifier({ folder }, { accuracy: 'fast' }) : undefined
  try {
    return [
      ...(await remember('second query', say, () => secondQueryRows(model, Math.min(rounds, 2), say))),
      ...(await remember('a megabyte', say, () => megabyteRows(rounds))),
      ...(await remember('growth', say, () => growthRows({ model, classifier, quick }, say))),
    ]
  } finally {
    await classifier?.close()
  }

  async function megabyteRows(count: number): Promise<Row[]> {
    const passages = codeOfSize(1_000_000)
    const parsers = nodeCodeParsers()
    const seconds: number[] = []
    for (let round = 0; round <= count; round++) {
      const start = performance.now()
      const budget = { tokens: 4000, tokenizer: model.tokenizer }
      await compressWithoutModel(passages, { budget, query: 'where is the retry delay computed?', parsers })
      if (round > 0) seconds.push((performance.now() - start) / 1000)
    }
    return [
      { contestant: 'lc', what: 'no model, BM25, 1 MB of code to 4,000 tokens', unit: 's', value: summarise(seconds) },
    ]
  }
}
