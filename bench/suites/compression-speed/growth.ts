/** @file How the time of each method grows with the length of its input; the suite `growth` measures the whole command on files. */
import {
  compressByClassifier,
  compressBySelfInformation,
  compressBySurprise,
  compressCode,
  compressForQuestion,
  compressWithoutModel,
} from '@lc/compress'
import { nodeCodeParsers } from '@lc/compress/node'
import { compressByAttention } from '@lc/compress/specpc'
import type { LocalModel } from '@lc/core'
import { makePassage, type Passage, type TokenClassifier } from '@lc/model'
import { codeOfSize, prose, textOfTokens } from '../../runner/own-texts.ts'
import { fittedExponent, summarise } from '../../runner/statistics.ts'
import type { Row } from '../../runner/suite.ts'

const query = 'How is it decided which words of a passage are kept, and what happens to the budget?'

interface GrowthCase {
  name: string
  /** Tokens, shorter and longer. */
  sizes: readonly [number, number]
  run: (passages: readonly Passage[], tokens: number) => Promise<unknown>
  code: boolean
}

interface GrowthTools {
  model: LocalModel
  classifier: TokenClassifier | undefined
  quick: boolean
}

function casesOf({ model, classifier, quick }: GrowthTools): GrowthCase[] {
  const parsers = nodeCodeParsers()
  const cheap = [10_000, 200_000] as const
  const read = quick ? ([3000, 12_000] as const) : ([10_000, 40_000] as const)
  const quarter = (tokens: number) => ({ tokens: Math.floor(tokens / 4), tokenizer: model.tokenizer })
  const scored = (tokens: number) => ({ scorer: model, budget: Math.floor(tokens / 4) })
  const without = (ranker: 'bm25' | 'identifiers' | 'head-tail'): GrowthCase => ({
    name: `no model, ${ranker}`,
    sizes: cheap,
    code: true,
    run: (passages, tokens) => compressWithoutModel(passages, { budget: quarter(tokens), query, ranker, parsers }),
  })
  const cases: GrowthCase[] = [
    without('bm25'),
    without('identifiers'),
    without('head-tail'),
    {
      name: 'LongCodeZip, to 500 tokens',
      sizes: cheap,
      code: true,
      run: (passages) => compressCode(passages, { scorer: model, budget: 500, query, parsers }),
    },
    {
      name: 'LongCodeZip, to a quarter',
      sizes: read,
      code: true,
      run: (passages, tokens) => compressCode(passages, { ...scored(tokens), query, parsers }),
    },
    {
      name: 'Selective Context',
      sizes: read,
      code: false,
      run: (passages, tokens) => compressBySelfInformation(passages, scored(tokens)),
    },
    {
      name: 'LLMLingua',
      sizes: read,
      code: false,
      run: (passages, tokens) => compressBySurprise(passages, scored(tokens)),
    },
    {
      name: 'LongLLMLingua',
      sizes: read,
      code: false,
      run: (passages, tokens) => compressForQuestion(passages, { ...scored(tokens), query }),
    },
    {
      name: 'SpecPC',
      sizes: read,
      code: false,
      run: (passages, tokens) =>
        compressByAttention(passages, { attender: model, budget: Math.floor(tokens / 4), query }),
    },
  ]
  if (classifier)
    cases.push({
      name: 'LLMLingua-2',
      sizes: read,
      code: false,
      run: (passages, tokens) => compressByClassifier(passages, { classifier, budget: Math.floor(tokens / 4) }),
    })
  return cases
}

/** One row for each method: seconds at the longer size, and the exponent. */
export async function growthRows(tools: GrowthTools, say: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = []
  const { tokenizer } = tools.model
  const pages = prose()
  for (const { name, sizes, run, code } of casesOf(tools)) {
    const seconds: number[] = []
    for (const size of sizes) {
      const passages = code
        ? codeOfTokens(size, tools.model)
        : [makePassage(textOfTokens(pages, size, tokenizer), { uri: 'pages.txt' })]
      // programs are compiled and grammars loaded at first use
      if (size === sizes[0]) await run(passages, size)
      const start = performance.now()
      await run(passages, size)
      seconds.push((performance.now() - start) / 1000)
    }
    const exponent = fittedExponent(sizes.map((size, at) => ({ size, seconds: seconds[at]! })))
    say(`${name}: ${seconds.map((each) => each.toFixed(2)).join(' s, ')} s, exponent ${exponent.toFixed(2)}`)
    rows.push({
      contestant: 'lc',
      what: `${name}, ${sizes[1].toLocaleString('en')} tokens`,
      unit: 's',
      value: summarise([seconds[1]!]),
      detail: { [`exponent from ${sizes[0].toLocaleString('en')}`]: exponent },
    })
  }
  return rows
}

function codeOfTokens(tokens: number, { tokenizer }: LocalModel): Passage[] {
  const sample = codeOfSize(200_000)
  const perByte = sample.reduce((sum, { text }) => sum + tokenizer.count(text), 0) / 200_000
  return codeOfSize(Math.round(tokens / perByte))
}
