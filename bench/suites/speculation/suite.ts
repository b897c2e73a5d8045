/**
 * @file Speculative decoding on an edit: a file is given, with one change asked for, and the answer is the whole file, whose first lines with the
 * change are given. Ways of decoding take turns; their texts are compared.
 */
import { readFileSync } from 'node:fs'
import { type LocalModel, loadModel } from '@lc/core'
import { snapKv } from '@lc/kv'
import { promptLookup, type SpeculationReport, selfSpeculation, withSpeculation } from '@lc/kv/speculation'
import type { Accuracy, GenerateRequest, LanguageModel, StreamPart } from '@lc/model'
import { benchModel } from '../../runner/bench-input.ts'
import { summarise } from '../../runner/statistics.ts'
import type { Row, Suite } from '../../runner/suite.ts'
import { withRatios } from '../../runner/throughput-rows.ts'

const source = readFileSync(new URL('shelf.txt', import.meta.url), 'utf8')

interface Timed {
  readonly text: string
  readonly tokens: number
  /** From the first token on. */
  readonly ms: number
  readonly speculation?: SpeculationReport
}

// the answer is begun with the change: so small a model finds no place for it, but copies what follows
const begun = 'class Shelf:\n    def __init__(self, size=10):'

function request(accuracy: Accuracy): GenerateRequest {
  const content = `\`\`\`py\n${source}\`\`\`\n\nGive size the default 10. Answer with the whole file.`
  const messages = [
    { role: 'user', content },
    { role: 'assistant', content: `\`\`\`py\n${begun}` },
  ] as const
  return { messages, continueFinalMessage: true, stop: ['```'], maxTokens: 384, accuracy }
}

const ways: Readonly<Record<string, (model: LocalModel) => LanguageModel>> = {
  'one by one': (model) => model,
  'lc prompt look-up': (model) => withSpeculation(model, promptLookup()),
  'lc self-speculation, snap-kv at 25%': (model) =>
    withSpeculation(model, selfSpeculation({ policy: snapKv({ budget: '25%' }) })),
}

/** Prompt look-up and self-speculation beside plain decoding, in one process. */
export const suite: Suite = {
  title: 'Speculation: an edited file, greedy',
  async run(options, say) {
    const model = await loadModel({ file: await benchModel(options) })
    const rows: Row[] = []
    try {
      for (const accuracy of ['exact', 'fast'] as const)
        rows.push(...withRatios(await measure(model, accuracy, Math.min(options.repeat, 3), say), ['one by one']))
    } finally {
      await model.close()
    }
    return {
      rows,
      absent: [],
      notes: [
        `The file has ${source.split('\n').length - 1} lines, and the model does not copy all of them faithfully. Reading the prompt is left out.`,
      ],
    }
  },
}

async function measure(
  model: LocalModel,
  accuracy: Accuracy,
  rounds: number,
  say: (line: string) => void,
): Promise<Row[]> {
  const runs = new Map<string, Timed[]>(Object.keys(ways).map((name) => [name, []]))
  // the first round compiles and warms up
  for (let round = 0; round <= rounds; round++)
    for (const [name, way] of Object.entries(ways)) {
      const timed = await time(way(model).stream(request(accuracy)))
      say(`${round === 0 ? 'warm-up' : `round ${round}`}  ${accuracy}  ${name}: ${timed.ms.toFixed(0)} ms`)
      if (round > 0) runs.get(name)!.push(timed)
    }
  const plain = runs.get('one by one')![0]!
  return [...runs].map(([contestant, timed]) => {
    const { text, tokens, speculation } = timed[0]!
    return {
      contestant,
      what: accuracy,
      unit: 'tokens/s',
      value: summarise(timed.map(({ tokens, ms }) => ((tokens - 1) * 1000) / ms)),
      detail: {
        tokens,
        ...(speculation && { runs: speculation.passes, drafted: speculation.drafted, accepted: speculation.accepted }),
        ...(speculation && { text: text === plain.text ? 'identical' : 'another' }),
      },
    }
  })
}

async function time(stream: AsyncIterable<StreamPart & { speculation?: SpeculationReport }>): Promise<Timed> {
  let text = ''
  let first = 0
  for await (const part of stream) {
    first ||= performance.now()
    if (part.type === 'text-delta') text += part.text
    if (part.type === 'finish') {
      const { speculation, usage } = part
      const ms = performance.now() - first
      return { text, tokens: usage.completionTokens, ms, ...(speculation && { speculation }) }
    }
  }
  throw new Error('a stream ends with its finish')
}
