/**
 * @file lc from its sources. LC_BENCH_ACCURACY: exact or fast; LC_BENCH_FIRST=1: an empty cache of converted weights, as on
 * the first load of a model. LC_BENCH_CACHE: float32 or int8, LC_BENCH_POLICY: a cache policy as JSON ({ name, options, share of the
 * prompt's slots }), both for decoding. "Ready" means that one token has been scored, since weights and programs are made on demand.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CacheFormat, CachePolicy, CacheSession, LocalModel } from '@lc/core'
import type { Accuracy, Scorer } from '@lc/model'
import { answerRequests, timed } from './answer-requests.mjs'

const accuracy = (process.env.LC_BENCH_ACCURACY ?? 'fast') as Accuracy
const threads = Number(process.env.LC_BENCH_THREADS ?? 2)
const cache = process.env.LC_BENCH_CACHE as CacheFormat | undefined
const { LC_BENCH_POLICY: policyJson } = process.env
const temporary = process.env.LC_BENCH_FIRST ? mkdtempSync(join(tmpdir(), 'lc-bench-')) : undefined
if (temporary) process.env.LC_CACHE = temporary

// imported now: the cache folder is read from the environment at import
const { loadModel } = await import('@lc/core')
const { makePassage } = await import('@lc/model')
const { compressCode } = await import('@lc/compress/longcodezip')
const { nodeCodeParsers } = await import('@lc/compress/node')
const { policyByName } = await import('@lc/kv')
let model!: LocalModel

/** The policy of the environment for a prompt. */
function policyFor(prompt: number): CachePolicy | undefined {
  if (policyJson === undefined) return undefined
  const { name, options, share } = JSON.parse(policyJson) as { name: string; options?: object; share: number }
  return policyByName(name, { ...options, budget: Math.floor(prompt * share) })
}

/** The prompt that was read last and its session, from whose forks each round of decoding goes on. */
let reading: { readonly prompt: string; readonly session: CacheSession; readonly next: number } | undefined

async function read(ids: readonly number[]): Promise<NonNullable<typeof reading>> {
  const prompt = ids.join()
  if (reading?.prompt === prompt) return reading
  await reading?.session.close()
  reading = undefined
  const policy = policyFor(ids.length)
  const session = model.session({ accuracy, ...(policy && { policy }), ...(cache && { cache }) })
  const logits = await session.prefill(ids)
  reading = { prompt, session, next: logits.indexOf(logits.reduce((most, logit) => Math.max(most, logit))) }
  return reading
}

interface CompressRequest {
  files: string[]
  query: string
  budget: number
  prefilter?: 'off'
}

/** The model as a scorer that counts the tokens it runs. */
function countedScorer(scorer: LocalModel): { scorer: Scorer; tokens: () => number } {
  let tokens = 0
  const { id, contextLength, tokenizer } = scorer
  const score: Scorer['score'] = (requests, options) => {
    for (const { context, continuation } of requests)
      tokens += (context as ArrayLike<number>).length + (continuation as ArrayLike<number>).length
    return scorer.score(requests, options)
  }
  return { scorer: { id, contextLength, tokenizer, score }, tokens: () => tokens }
}

await answerRequests({
  async load({ model: file }: { model: string }) {
    const { ms } = await timed(async () => {
      model = await loadModel({ file }, { threads, accuracy })
      await model.score([{ context: [], continuation: [1, 2], join: 'ids' }])
    })
    return { ms, version: 'lc', detail: { threads, accuracy } }
  },
  async score({ ids }: { ids: number[] }) {
    const { ms, result } = await timed(() => model.score([{ context: [], continuation: ids, join: 'ids' }]))
    let sum = 0
    for (const logprob of result[0]!.logprobs.subarray(1)) sum -= logprob
    return { ms, nll: sum / (ids.length - 1) }
  },
  async prefill({ ids }: { ids: number[] }) {
    await using session = model.session({ accuracy })
    return { ms: (await timed(() => session.prefill(ids))).ms }
  },
  async decode({ ids, steps }: { ids: number[]; steps: number }) {
    const { session, next } = await read(ids)
    const { slots, bytes } = session.report()
    await using fork = session.fork()
    // the first token pays for what the fork copies
    await fork.append([next])
    // of those that are timed the first needs no step of the model: its logits are known
    const { ms, result } = await timed(() => fork.decode({ maxTokens: steps + 1, temperature: 0 }))
    const detail = { slots: slots.mean, 'cache MB': bytes.allocated / 1e6 }
    return { ms, steps: result.ids!.length - 1, detail }
  },
  async compress({ files, query, budget, prefilter }: CompressRequest) {
    const passages = files.map((uri) => makePassage(readFileSync(uri, 'utf8'), { uri }))
    const parsers = await nodeCodeParsers()
    const counted = countedScorer(model)
    const options = { scorer: counted.scorer, query, budget, accuracy, parsers, prefilter }
    const { ms, result } = await timed(() => compressCode(passages, options))
    return { ms, detail: { kept: result.tokens, of: result.originalTokens, read: counted.tokens() } }
  },
})
await reading?.session.close()
await model?.close()
if (temporary) rmSync(temporary, { recursive: true, force: true })
