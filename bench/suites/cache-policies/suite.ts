/**
 * @file What cache policies cost in quality and bring in memory and speed. Quality needs no labels: how far the next-token
 * distributions are from those of the full cache, on the true continuation. The text is read once for all policies.
 */
import { type CacheAction, type CacheSession, type LocalModel, loadModel } from '@lc/core'
import { snapKv, streamingLlm } from '@lc/kv'
import { benchModel } from '../../runner/bench-input.ts'
import { summarise } from '../../runner/statistics.ts'
import type { Row, Suite } from '../../runner/suite.ts'
import { type BenchText, benchTexts } from './bench-texts.ts'
import { askEveryPolicy, comparedPolicies, comparedShares, type Decision } from './compared-policies.ts'

// larger and smaller runs by the environment; a context of 0 leaves decoding out
const promptTokens = Number(process.env.LC_BENCH_PROMPT ?? 2048)
const continuationTokens = Number(process.env.LC_BENCH_CONTINUATION ?? 64)
const decodeContext = Number(process.env.LC_BENCH_CONTEXT ?? 8000)
const decodeTokens = 64

interface Quality {
  readonly policy: string
  readonly share: string
  readonly divergence: number
  readonly agreement: number
  readonly nll: number
  readonly slots: number
  readonly allocated: number
  readonly extraTokens: number
}

/** KL divergence and top-1 agreement with the full cache, per policy and budget; then decoding speed. */
export const suite: Suite = {
  title: `Cache policies: ${promptTokens} tokens of prompt, ${continuationTokens} tokens of its true continuation; decoding at ${decodeContext}`,
  async run(options, say) {
    const file = await benchModel(options)
    const model = await loadModel({ file }, { device: 'cpu' })
    try {
      const count = Math.min(options.repeat, 4)
      const texts = benchTexts(model, options, { count, tokens: promptTokens + continuationTokens })
      const measured: Quality[] = []
      for (const text of texts) measured.push(...(await measureText(model, text, say)))
      const [long] = decodeContext > 0 ? benchTexts(model, options, { count: 1, tokens: decodeContext }) : []
      const speed = await decodeRows(model, long, say)
      return {
        rows: [...qualityRows(measured), ...speed],
        absent: texts.length < count ? [{ contestant: 'more texts', reason: 'too short' }] : [],
        notes: [
          `Texts: ${texts.map(({ name }) => name).join(', ')}. Divergence: mean KL(full || policy) in nats per token; exact accuracy. The continuation is not known when the cache is compressed, and policies do not act again while it is read. Share: of the bytes that the full cache allocates.`,
        ],
      }
    } finally {
      await model.close()
    }
  },
}

async function measureText(model: LocalModel, text: BenchText, say: (line: string) => void): Promise<Quality[]> {
  const [prompt, continuation] = [text.ids.subarray(0, promptTokens), text.ids.subarray(promptTokens)]
  const decisions: Decision[] = []
  const contenders = comparedShares.flatMap((share) =>
    Object.entries(comparedPolicies).map(([name, policy]) => {
      const budget = Math.floor((promptTokens * Number.parseFloat(String(share))) / 100)
      return { name, share, policy: policy(budget) }
    }),
  )
  const asking = model.session({
    policy: askEveryPolicy(contenders, (each) => decisions.push(each)),
    accuracy: 'exact',
  })
  await asking.prefill(prompt)
  const full = model.session({ accuracy: 'exact' })
  await full.restore(await asking.save())
  await asking.close()
  const allocated = full.report().bytes.allocated
  const reference = full.fork()
  const expected = await logProbabilities(reference, continuation)
  await reference.close()
  const results: Quality[] = []
  for (const { policy, share, actions, extraTokens } of decisions) {
    const session = full.fork()
    await session.edit(actions as readonly CacheAction[])
    const report = session.report()
    const own = await logProbabilities(session, continuation)
    await session.close()
    const quality = compare(expected, own, continuation)
    const memory = { slots: report.slots.mean, allocated: report.bytes.allocated / allocated, extraTokens }
    results.push({ policy, share: String(share), ...quality, ...memory })
    say(
      `${text.name}, ${policy} at ${share}: KL ${quality.divergence.toFixed(3)}, agreement ${quality.agreement.toFixed(2)}`,
    )
  }
  await full.close()
  return results
}

/** Log-probabilities after each token, `[T, V]`. */
async function logProbabilities(session: CacheSession, ids: ArrayLike<number>): Promise<Float32Array[]> {
  const logits = await session.append(ids, { logits: 'all' })
  const width = logits.length / ids.length
  return Array.from({ length: ids.length }, (_, row) => {
    const own = logits.subarray(row * width, (row + 1) * width)
    const most = own.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
    const norm = most + Math.log(own.reduce((sum, logit) => sum + Math.exp(logit - most), 0))
    return own.map((logit) => logit - norm)
  })
}

function compare(expected: readonly Float32Array[], own: readonly Float32Array[], ids: ArrayLike<number>) {
  let [divergence, agreed, nll] = [0, 0, 0]
  for (const [row, full] of expected.entries()) {
    const policy = own[row]!
    for (let token = 0; token < full.length; token++)
      divergence += Math.exp(full[token]!) * (full[token]! - policy[token]!)
    if (largest(full) === largest(policy)) agreed++
    if (row + 1 < expected.length) nll -= policy[ids[row + 1]!]!
  }
  const rows = expected.length
  return { divergence: divergence / rows, agreement: agreed / rows, nll: nll / Math.max(1, rows - 1) }
}

function largest(values: Float32Array): number {
  let best = 0
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index
  return best
}

function qualityRows(measured: readonly Quality[]): Row[] {
  const rows: Row[] = []
  for (const share of new Set(measured.map((each) => each.share)))
    for (const policy of new Set(measured.map((each) => each.policy))) {
      const own = measured.filter((each) => each.policy === policy && each.share === share)
      const mean = (value: (each: Quality) => number) => own.reduce((sum, each) => sum + value(each), 0) / own.length
      rows.push({
        contestant: policy,
        what: `${share} kept`,
        unit: 'nats',
        value: summarise(own.map(({ divergence }) => divergence)),
        detail: {
          agreement: mean(({ agreement }) => agreement),
          NLL: mean(({ nll }) => nll),
          slots: mean(({ slots }) => slots),
          share: mean(({ allocated }) => allocated),
          'extra tokens': mean(({ extraTokens }) => extraTokens),
        },
      })
    }
  return rows
}

/** Tokens per second after a long prompt, and what the policy added to reading it. */
async function decodeRows(model: LocalModel, text: BenchText | undefined, say: (line: string) => void): Promise<Row[]> {
  if (!text) return []
  const rows: Row[] = []
  const budget = Math.floor(decodeContext / 4)
  const contestants = [
    ['full cache', undefined],
    ['snap-kv at 25 %', snapKv({ budget })],
    ['streaming-llm at 25 %', streamingLlm({ budget })],
  ] as const
  for (const [name, policy] of contestants) {
    const session = model.session({ accuracy: 'fast', ...(policy && { policy }) })
    const start = performance.now()
    await session.prefill(text.ids)
    const read = (performance.now() - start) / 1000
    await session.append([text.ids[0]!])
    const speeds: number[] = []
    for (let round = 0; round < 3; round++) {
      const before = performance.now()
      await session.append(text.ids.subarray(0, decodeTokens))
      speeds.push((decodeTokens * 1000) / (performance.now() - before))
    }
    const { bytes } = session.report()
    await session.close()
    const what = `decoding after ${text.ids.length} tokens`
    const detail = { 'prompt s': read, 'cache MB': bytes.allocated / 1e6 }
    rows.push({ contestant: name, what, unit: 'tokens/s', value: summarise(speeds), detail })
    const first = rows[0]!
    if (rows.length > 1)
      rows.at(-1)!.ratios = [{ to: first.contestant, value: rows.at(-1)!.value.median / first.value.median }]
    say(`${name}: ${rows.at(-1)!.value.median.toFixed(1)} tokens/s, prompt ${read.toFixed(1)} s`)
  }
  return rows
}
