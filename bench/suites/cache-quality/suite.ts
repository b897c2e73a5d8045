/**
 * @file What cache policies cost in quality: without labels (how far next-token distributions are from the full cache's), with
 * them (single facts found again), and what is left of a model beyond its trained length. `--write` renews the tables and plots
 * of `docs/methods/choosing-a-cache-policy.md`.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LocalModel, loadModel } from '@lc/core'
import { findHeadGates, formatHeadProfile, parseHeadProfile } from '@lc/kv/parts'
import { benchModel } from '../../runner/bench-input.ts'
import { benchJournal, type Remember } from '../../runner/bench-journal.ts'
import { longestProse, longTexts, tokenisedTexts } from '../../runner/long-texts.ts'
import { summarise } from '../../runner/statistics.ts'
import type { BenchOptions, Row, Suite } from '../../runner/suite.ts'
import { writeBetween } from '../../runner/write-between.ts'
import {
  type ContinuationMean,
  continuationMeans,
  type PositionMean,
  positionMeans,
  type RetrievalMean,
  retrievalMeans,
} from './averages.ts'
import { contendersAt, type Knowledge } from './contenders.ts'
import { type ContinuationRecord, measureContinuation } from './continuation.ts'
import { draftOf } from './draft.ts'
import { plotAgainst } from './plots.ts'
import { measurePosition, type PositionRecord, positionSchemes } from './positions.ts'
import { measureRetrieval, type RetrievalRecord } from './retrieval.ts'
import { keyValueContext, passkeyContext } from './retrieval-sets.ts'
import { policiesAt, type QualitySettings, qualitySettings } from './settings.ts'
import { continuationTables, positionTable, retrievalTables } from './tables.ts'

const pages = join(import.meta.dirname, '..', '..', '..', 'docs', 'methods')
const page = join(pages, 'choosing-a-cache-policy.md')

interface Work {
  readonly options: BenchOptions
  readonly settings: QualitySettings
  readonly remember: Remember
  readonly say: (line: string) => void
}

/** Continuations, retrieval and positions; each finished piece is journalled. */
export const suite: Suite = {
  title: 'Cache policies: quality',
  async run(options, say) {
    const settings = qualitySettings(options.quick ?? false, process.env)
    const texts = longTexts(options, 'cache-quality')
    const file = await benchModel(options)
    // parts may run one after the other on one journal, and more texts be added
    const { policies, continuation: following, retrieval: asked } = settings
    const questions = [asked.questions, asked.awareQuestions]
    const purpose = {
      suite: 'cache-quality',
      settings: { quick: settings.quick, policies, following, questions },
      file,
      texts: texts.map(({ name }) => name),
    }
    const journal = await benchJournal(options.journal, JSON.parse(JSON.stringify(purpose)))
    try {
      const work = { options, settings, remember: journal.remember, say }
      const { continuation, retrieval, trained } = await withModel(file, async (model) => ({
        continuation: settings.parts.includes('continuation') ? await continuations(model, work) : [],
        retrieval: settings.parts.includes('retrieval') ? await retrievals(model, work) : [],
        trained: settings.positions.trained ?? model.contextLength,
      }))
      const positions = settings.parts.includes('positions') ? await positionsAt(file, trained, work) : []
      const means = {
        continuation: continuationMeans(continuation),
        retrieval: retrievalMeans(retrieval),
        positions: positionMeans(positions),
        trained,
      }
      const written = render(means)
      if (options.write) writePages(written)
      else for (const { text } of written.tables) process.stdout.write(`\n${text}\n`)
      return {
        rows: summaryRows(means.continuation),
        absent: [],
        notes: ['All tables: [Choosing a cache policy](../docs/methods/choosing-a-cache-policy.md).'],
        records: means,
      }
    } finally {
      await journal.close()
    }
  },
}

async function withModel<T>(file: string, work: (model: LocalModel) => Promise<T>): Promise<T> {
  await using model = await loadModel({ file }, { device: 'cpu' })
  return await work(model)
}

/** What policies need that is not in the text: gates of heads, found once. */
async function knowledgeOf(model: LocalModel, { remember, say }: Work): Promise<Knowledge> {
  const gates = await remember('gates of heads', say, async () =>
    formatHeadProfile(await findHeadGates(model, { samples: 2, tokens: 512 })),
  )
  return { profile: parseHeadProfile(gates), draft: { ids: [0] } }
}

async function continuations(model: LocalModel, work: Work) {
  const { options, settings, remember, say } = work
  const records: ContinuationRecord[] = []
  const knowledge = await knowledgeOf(model, work)
  const texts = longTexts(options, 'cache-quality')
  for (const { tokens: length, shares, texts: count } of settings.lengths) {
    const wanted = { count, tokens: length + settings.continuation + 1 }
    for (const text of tokenisedTexts(model, texts, wanted)) {
      const key = `continuation ${length} ${shares} ${text.name}`
      const contenders = contendersAt(shares, knowledge, policiesAt(settings, length))
      const found = await remember(key, say, async () => {
        knowledge.draft.ids = await draftOf(model, text.ids.subarray(0, length))
        const { timedSteps } = settings
        return await measureContinuation(model, text, { length, contenders, accuracy: 'exact', timedSteps })
      })
      records.push(...(settings.timedSteps > 0 ? found : found.map((record) => ({ ...record, time: null }))))
    }
  }
  return records
}

async function retrievals(model: LocalModel, work: Work) {
  const { options, settings, remember, say } = work
  const records: RetrievalRecord[] = []
  const knowledge = await knowledgeOf(model, work)
  const prose = longTexts(options, 'cache-quality').filter(({ kind }) => kind === 'prose')
  const { lengths, contexts, questions, awareQuestions } = settings.retrieval
  for (const { tokens: length, shares } of lengths)
    for (let index = 0; index < contexts; index++)
      for (const contextOf of [passkeyContext, keyValueContext]) {
        const { name, text } = prose[index % prose.length]!
        const context = contextOf(text, name, { tokenizer: model.tokenizer, length, questions, seed: index })
        const contenders = contendersAt(shares, knowledge, policiesAt(settings, length))
        const sizes = { length, contenders, awareQuestions, draft: knowledge.draft }
        const key = `retrieval ${context.set} ${length} ${shares} ${index}`
        records.push(...(await remember(key, say, () => measureRetrieval(model, context, sizes))))
      }
  return records
}

async function positionsAt(file: string, trained: number, { options, settings, remember, say }: Work) {
  const records: PositionRecord[] = []
  const { times, texts } = settings.positions
  const factor = Math.max(...times)
  for (const scheme of positionSchemes)
    for (const each of times)
      for (const text of longestProse(options, 'cache-quality').slice(0, texts)) {
        const key = `positions ${scheme.name} ${each} ${text.name}`
        const sizes = { scheme, times: each, factor, trained }
        records.push(await remember(key, say, () => measurePosition(file, text, sizes)))
      }
  return records
}

interface Means {
  readonly continuation: readonly ContinuationMean[]
  readonly retrieval: readonly RetrievalMean[]
  readonly positions: readonly PositionMean[]
  readonly trained: number
}

/** Time only where it was measured. */
function axesOf(continuation: readonly ContinuationMean[]): ('memory' | 'time')[] {
  return continuation.some(({ time }) => time === null) ? ['memory'] : ['memory', 'time']
}

interface Written {
  readonly tables: readonly { readonly name: string; readonly text: string }[]
  readonly plots: readonly { readonly file: string; readonly svg: string }[]
}

function render({ continuation, retrieval, positions, trained }: Means): Written {
  const plotLinks = axesOf(continuation).map((axis) => `![Agreement against ${axis}](cache-quality-${axis}.svg)`)
  return {
    tables: [
      ...(continuation.length > 0
        ? [{ name: 'continuation', text: [continuationTables(continuation), ...plotLinks].join('\n\n') }]
        : []),
      ...(retrieval.length > 0 ? [{ name: 'retrieval', text: retrievalTables(retrieval) }] : []),
      ...(positions.length > 0 ? [{ name: 'positions', text: positionTable(positions, trained) }] : []),
    ],
    plots:
      continuation.length > 0
        ? axesOf(continuation).map((axis) => ({
            file: `cache-quality-${axis}.svg`,
            svg: plotAgainst(continuation, axis),
          }))
        : [],
  }
}

function writePages({ tables, plots }: Written): void {
  for (const { name, text } of tables) writeBetween(page, name, text)
  for (const { file, svg } of plots) writeFileSync(join(pages, file), svg)
}

/** What the overview of all measurements shows: the longest prompts, a quarter kept. */
function summaryRows(means: readonly ContinuationMean[]): Row[] {
  const longest = Math.max(...means.map(({ length }) => length))
  return means
    .filter(({ length, share, policy }) => length === longest && share === 0.25 && policy !== 'full')
    .sort((a, b) => b.agreement - a.agreement)
    .map(({ policy, agreement, divergence, nll, memory, lowestAgreement }) => ({
      contestant: policy,
      what: `25 % of ${longest} tokens, top-1 agreement`,
      unit: '%',
      value: { ...summarise([100 * agreement]), min: 100 * lowestAgreement },
      detail: { KL: divergence, NLL: nll, memory },
    }))
}
