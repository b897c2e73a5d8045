/** @file Two questions about one repository: what the second costs when the scorer remembers. */
import { cachedScorer, compressCode } from '@lc/compress'
import { nodeCodeParsers } from '@lc/compress/node'
import type { LocalModel } from '@lc/core'
import type { Scorer } from '@lc/model'
import { sources } from '../../runner/own-texts.ts'
import { summarise } from '../../runner/statistics.ts'
import type { Row } from '../../runner/suite.ts'

const budget = 2000
const folders = ['longcodezip', 'documents', 'select'].map((name) => `packages/compress/src/${name}`)
const questions = [
  'How is the budget shared between functions by their relevance?',
  'Where does a block of a body begin and end, and what closes it?',
]

/** Seconds of first and second question, each with and without memory, by turns. */
export async function secondQueryRows(model: LocalModel, rounds: number, say: (line: string) => void): Promise<Row[]> {
  const passages = folders.flatMap(sources)
  const tokens = passages.reduce((sum, { text }) => sum + model.tokenizer.count(text), 0)
  const parsers = nodeCodeParsers()
  const ask = async (scorer: Scorer, query: string): Promise<number> => {
    const start = performance.now()
    await compressCode(passages, { scorer, budget, query, parsers })
    return (performance.now() - start) / 1000
  }
  const times: Record<string, number[]> = { plain: [], first: [], second: [], again: [] }
  for (let round = 0; round <= rounds; round++) {
    const scorer = cachedScorer(model, { contextTokens: 2 * tokens })
    const found = {
      plain: await ask(model, questions[1]!),
      first: await ask(scorer, questions[0]!),
      second: await ask(scorer, questions[1]!),
      again: await ask(scorer, questions[1]!),
    }
    await scorer.close()
    say(`${round === 0 ? 'warm-up' : `round ${round}`}  ${JSON.stringify(found)}`)
    if (round > 0) for (const [name, seconds] of Object.entries(found)) times[name]!.push(seconds)
  }
  const names = {
    plain: 'without a memory',
    first: 'first question, with a memory',
    second: 'second question',
    again: 'the second question again',
  }
  const plain = summarise(times.plain!).median
  const first = summarise(times.first!).median
  return Object.entries(names).map(([name, what]) => {
    const value = summarise(times[name]!)
    return {
      contestant: 'lc LongCodeZip',
      what: `${tokens.toLocaleString('en')} tokens to ${budget.toLocaleString('en')}, ${what}`,
      unit: 's',
      value,
      detail: { 'share of the first': value.median / first, 'share of one without a memory': value.median / plain },
    }
  })
}
