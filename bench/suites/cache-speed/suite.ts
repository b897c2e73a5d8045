/**
 * @file What cache policies bring in speed and memory at a long context, beside node-llama-cpp with its full cache: decoding with
 * the agreement it costs, generation without end, and what a policy adds to reading.
 */
import { type LocalModel, loadModel } from '@lc/core'
import { benchModel } from '../../runner/bench-input.ts'
import { benchJournal, type Remember } from '../../runner/bench-journal.ts'
import { nodeLlamaCpp } from '../../runner/contestants.ts'
import { interleave } from '../../runner/interleave.ts'
import { type LongText, longTexts, tokenisedTexts } from '../../runner/long-texts.ts'
import { summarise } from '../../runner/statistics.ts'
import type { BenchOptions, Row, Suite, SuiteTable } from '../../runner/suite.ts'
import { throughputRows, withRatios } from '../../runner/throughput-rows.ts'
import { type ContinuationRecord, measureContinuation } from '../cache-quality/continuation.ts'
import {
  cacheFormats,
  fullContestants,
  policyContestants,
  type SpeedPolicy,
  speedContenders,
  speedPolicies,
} from './contestants.ts'
import { endlessRow, measureEndless } from './endless.ts'
import { measureReadings, type ReadingRecord, readingRows, warmUpReadings } from './prefill-overhead.ts'

const partNames = ['agreement', 'decode', 'endless', 'prefill'] as const
const shares = [0.25, 0.125]
/** Tokens that are decoded in a round. */
const decodedTokens = 64

interface SpeedSettings {
  readonly quick: boolean
  readonly parts: readonly string[]
  /** Tokens of context that decoding is around. */
  readonly context: number
  readonly following: number
  readonly texts: number
  readonly rounds: number
  readonly policies: readonly SpeedPolicy[]
  readonly endless: number
}

interface Work {
  readonly settings: SpeedSettings
  readonly texts: readonly LongText[]
  readonly remember: Remember
  readonly say: (line: string) => void
}

/** `LC_BENCH_PARTS` names some of the parts, `LC_BENCH_CONTEXT` another length, `LC_BENCH_TEXTS` fewer texts. */
function speedSettings({ quick = false, repeat }: BenchOptions, env: NodeJS.ProcessEnv): SpeedSettings {
  const parts = env.LC_BENCH_PARTS?.split(',') ?? partNames
  const context = Number(env.LC_BENCH_CONTEXT ?? 8000)
  const rounds = quick ? Math.min(repeat, 2) : repeat
  return {
    quick,
    parts,
    context,
    following: 256,
    texts: Number(env.LC_BENCH_TEXTS ?? 4),
    rounds,
    policies: quick ? speedPolicies.slice(0, 4) : speedPolicies,
    endless: quick ? 3000 : 32_000,
  }
}

/** Decoding, endless generation, prompts. */
export const suite: Suite = {
  title: 'Cache policies: speed and memory, SmolLM2-135M Q4_1, fast accuracy',
  async run(options, say) {
    const settings = speedSettings(options, process.env)
    const texts = longTexts(options, 'cache-speed')
    const file = await benchModel(options)
    const purpose = { suite: 'cache-speed', file, context: settings.context, following: settings.following }
    const journal = await benchJournal(options.journal, purpose)
    try {
      const work = { settings, texts, remember: journal.remember, say }
      const { rows, agreement } = await inProcess(file, work)
      const decode = settings.parts.includes('decode')
        ? await decodeTable(file, agreement, work)
        : { rows: [], absent: [] }
      return {
        rows: [...decode.rows, ...rows],
        absent: decode.absent,
        notes: [
          `Decoding: ${decodedTokens} tokens up to ${settings.context} of context; a prompt is read once, and each round goes on from its end. Cache precision is in the names; agreement is measured with float32 caches. Agreement: top-1 with our full float32 cache, teacher-forced, ${settings.following} tokens around ${settings.context} of each of ${settings.texts} texts of prose and code; the least of them in brackets. The cache is cut once, at the end of the prompt.`,
        ],
      }
    } finally {
      await journal.close()
    }
  },
}

/** What needs no process of its own; the model is closed before others have their turns. */
async function inProcess(file: string, work: Work): Promise<{ rows: Row[]; agreement: ContinuationRecord[] }> {
  const { settings, texts, say, remember } = work
  await using model = await loadModel({ file }, { device: 'cpu' })
  const rows: Row[] = []
  const agreement = settings.parts.includes('agreement') ? await agreements(model, work) : []
  if (agreement.length > 0) rows.push(...agreementRows(agreement, settings.policies))
  const [long] = tokenisedTexts(model, texts, { count: 1, tokens: settings.context })
  if (settings.parts.includes('endless')) {
    const sizes = { tokens: settings.endless, stretch: settings.endless < 32_000 ? 500 : 1000, budget: 1024, say }
    rows.push(
      endlessRow(
        await remember(`endless ${sizes.tokens}`, say, () => measureEndless(model, long!.ids.subarray(0, 512), sizes)),
      ),
    )
  }
  if (settings.parts.includes('prefill'))
    rows.push(...readingRows(await readings(model, long!.ids, work), settings.context))
  return { rows, agreement }
}

/** Rounds are recorded one by one. Policies that read a text twice take part in the first round only where little is measured. */
async function readings(model: LocalModel, prompt: Uint32Array, { settings, remember, say }: Work) {
  const records: ReadingRecord[] = []
  let warm = false
  for (let round = 1; round <= settings.rounds; round++) {
    const policies = settings.policies.filter(({ readsTwice }) => !readsTwice || !settings.quick || round === 1)
    const sizes = { policies, share: 0.25, say }
    const names = policies.map(({ name }) => name).join(', ')
    const measured = await remember(`prefill of ${names}, round ${round}`, say, async () => {
      if (!warm) await warmUpReadings(model, prompt, { ...sizes, policies: settings.policies })
      warm = true
      return measureReadings(model, prompt, sizes)
    })
    records.push(...measured)
  }
  return records
}

async function agreements(model: LocalModel, { settings, texts, remember, say }: Work): Promise<ContinuationRecord[]> {
  const { context, following } = settings
  const length = context - following / 2
  const records: ContinuationRecord[] = []
  for (const text of tokenisedTexts(model, texts, { count: settings.texts, tokens: length + following + 1 })) {
    const sizes = { length, contenders: speedContenders(settings.policies, shares), accuracy: 'fast' } as const
    records.push(
      ...(await remember(
        `agreement of ${settings.policies.map(({ name }) => name).join(', ')}: ${text.name}`,
        say,
        () => measureContinuation(model, text, sizes),
      )),
    )
  }
  return records
}

function agreementRows(records: readonly ContinuationRecord[], policies: readonly SpeedPolicy[]): Row[] {
  return shares.flatMap((share) =>
    policies.map(({ name }) => ({
      contestant: name,
      what: `${100 * share} % of the slots, top-1 agreement`,
      unit: '%',
      value: summarise(
        records.filter((each) => each.policy === name && each.share === share).map(({ agreement }) => 100 * agreement),
      ),
    })),
  )
}

/**
 * Of the scored policies that read a text once, the one with the best agreement at the larger share, and the one without scores, beside
 * full caches; where there is time, also the best of all. Each prompt is read once, and each round goes on from there.
 */
async function decodeTable(
  file: string,
  agreement: readonly ContinuationRecord[],
  { settings, texts, remember, say }: Work,
): Promise<SuiteTable> {
  const ids = await contextIds(file, texts, settings.context - decodedTokens)
  const chosen = decodedPolicies(agreement, settings)
  const policies = chosen.flatMap((policy) => policyContestants(policy, shares).map((each) => ({ ...each, policy })))
  const contestants = [...fullContestants(), ...policies, nodeLlamaCpp()]
  const request = { op: 'decode', ids, steps: decodedTokens } as const
  const tasks = [{ what: `decoding at ${settings.context} tokens`, request }]
  const turns = await interleave(contestants, file, tasks, settings.rounds, say, remember)
  const rows = throughputRows(turns.measurements, () => decodedTokens, turns.versions)
  const compared = cacheFormats.flatMap((format) => {
    const others = cacheFormats.filter((other) => other !== format)
    const own = rows.filter(({ contestant }) => !others.some((other) => contestant.includes(other)))
    return withRatios(own, ['node-llama-cpp', `lc, full ${format} cache`]).filter(
      ({ contestant }) => contestant.includes(format) || format === cacheFormats[0],
    )
  })
  return { rows: compared.map((row) => withAgreement(row, policies, agreement)), absent: turns.absent }
}

function decodedPolicies(agreement: readonly ContinuationRecord[], settings: SpeedSettings): SpeedPolicy[] {
  const mean = (name: string) => {
    const own = agreement.filter((each) => each.policy === name && each.share === shares[0])
    return own.reduce((sum, each) => sum + 100 * each.agreement, 0) / Math.max(1, own.length)
  }
  const ranked = [...settings.policies].sort((a, b) => mean(b.name) - mean(a.name))
  const once = ranked.find(({ scores, readsTwice }) => scores && !readsTwice) ?? ranked[0]!
  return [...new Set([once, ...(settings.quick ? [] : [ranked[0]!]), speedPolicies[0]!])]
}

function withAgreement(
  row: Row,
  policies: readonly { readonly name: string; readonly share: number; readonly policy: { readonly name: string } }[],
  agreement: readonly ContinuationRecord[],
): Row {
  const own = policies.find(({ name }) => name === row.contestant)
  const measured = agreement.filter(({ policy, share }) => policy === own?.policy.name && share === own?.share)
  if (measured.length === 0) return row
  const values = measured.map((each) => 100 * each.agreement)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const shown = `${mean.toFixed(1)} % (${Math.min(...values).toFixed(1)} %)`
  return { ...row, detail: { ...row.detail, 'agreement, float32': shown } }
}

async function contextIds(file: string, texts: readonly LongText[], tokens: number): Promise<number[]> {
  await using model = await loadModel({ file }, { device: 'cpu' })
  return Array.from(tokenisedTexts(model, texts, { count: 1, tokens })[0]!.ids)
}
