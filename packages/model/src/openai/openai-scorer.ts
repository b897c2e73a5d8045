/** @file A server with prompt log-probabilities as a `Scorer`. */
import { estimateTokenizer } from '../budget/estimate-tokenizer.ts'
import type { ScoreOptions, ScoreRequest, ScoreResult, Scorer } from '../capability/scorer.ts'
import type { Tokenizer } from '../capability/tokenizer.ts'
import { checkInteger, checkNumber } from '../check/check-argument.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import { checkPromptLogprobs } from './check-prompt-logprobs.ts'
import type { CallLimits, Connection } from './connection.ts'
import { mapInFlight } from './in-flight.ts'
import { fetchPromptLogprobs, noPromptLogprobs } from './prompt-logprobs.ts'
import type { ScorePlan } from './score-plan.ts'
import { planByServer, planByTokenizer, readScore } from './score-plan.ts'

/** How a server is checked and asked for scores. */
export interface OpenaiScorerOptions extends CallLimits {
  /**
   * The mean difference, in nats a token, between generation and prompt that is forgiven in the check: half precision
   * and other kernels for prompts than for steps. Defaults to 0.1.
   */
  tolerance?: number
  /** Prompts a call at most. Defaults to 16. */
  batchSize?: number
  /** Tokens a call at most, prompts together; a longer prompt goes alone. Defaults to 32,768. */
  batchTokens?: number
}

/** Checks the server and builds the scorer. */
export async function createScorer(
  connection: Connection,
  tokenizer: Tokenizer | undefined,
  options: OpenaiScorerOptions,
): Promise<Scorer> {
  const { tolerance = 0.1, batchSize = 16, batchTokens = 32_768 } = options
  checkNumber(tolerance, 'tolerance', { min: 0, max: 10 })
  checkInteger(batchSize, 'batchSize', { min: 1 })
  checkInteger(batchTokens, 'batchTokens', { min: 1 })
  const traits = await connection.traits(options)
  const form = await checkPromptLogprobs(connection, { ...options, traits, tokenizer, tolerance })
  if (form === 'echo' && !tokenizer)
    throw noPromptLogprobs(connection, 'it gives no token ids with them; pass the tokenizer of its model')

  const plan = (request: ScoreRequest, limits: CallLimits): Promise<ScorePlan> =>
    tokenizer
      ? Promise.resolve(planByTokenizer(connection, tokenizer, request, form))
      : planByServer(connection, request, traits, limits)

  return {
    id: connection.model,
    get contextLength() {
      return connection.contextLength
    },
    tokenizer: tokenizer ?? estimateTokenizer(),
    score: async (requests, scoreOptions: ScoreOptions = {}): Promise<ScoreResult[]> => {
      const limits = { signal: scoreOptions.signal, timeoutMs: options.timeoutMs }
      scoreOptions.signal?.throwIfAborted()
      if (scoreOptions.policy !== undefined)
        throw new UnsupportedCapabilityError({
          model: connection.model,
          capability: 'use a cache policy',
          alternatives: 'use a local model',
        })
      const plans = await mapInFlight(requests, connection.concurrency, (request) => plan(request, limits))
      const results: ScoreResult[] = new Array(requests.length)
      for (const [index, each] of plans.entries())
        if (isEmpty(each)) results[index] = { ids: new Uint32Array(), spans: [], logprobs: new Float32Array() }
      let done = results.filter((result) => result !== undefined).length
      await mapInFlight(inBatches(plans, batchSize, batchTokens), connection.concurrency, async (batch) => {
        const answers = await fetchPromptLogprobs(connection, {
          ...limits,
          form,
          traits,
          inputs: batch.map((index) => plans[index]!.input),
          from: batch.map((index) => firstToken(plans[index]!)),
          texts: batch.some((index) => plans[index]!.needsTexts),
        })
        for (const [position, index] of batch.entries())
          results[index] = readScore(connection, plans[index]!, answers[position]!)
        done += batch.length
        scoreOptions.onProgress?.({
          type: 'progress',
          operation: 'score',
          done,
          total: requests.length,
          unit: 'requests',
        })
      })
      return results
    },
  }
}

/** Nothing is to be scored; servers refuse empty prompts. */
function isEmpty(plan: ScorePlan): boolean {
  return plan.known?.ids.length === 0 || plan.continuation === ''
}

function firstToken(plan: ScorePlan): number {
  return 'token' in plan.from ? plan.from.token : 0
}

/** Groups of plans of one kind, short ones together. */
function inBatches(plans: readonly ScorePlan[], batchSize: number, batchTokens: number): number[][] {
  const batches: number[][] = []
  for (const kind of ['string', 'object']) {
    const order = plans.flatMap((plan, index) => (typeof plan.input === kind && !isEmpty(plan) ? [index] : []))
    order.sort((a, b) => plans[a]!.input.length - plans[b]!.input.length)
    let batch: number[] = []
    let tokens = 0
    for (const index of order) {
      // four characters a token is what text has at least in most languages; only the size of a call hangs on it
      const length = plans[index]!.input.length / (kind === 'string' ? 4 : 1)
      if (batch.length > 0 && (batch.length === batchSize || tokens + length > batchTokens)) {
        batches.push(batch)
        batch = []
        tokens = 0
      }
      batch.push(index)
      tokens += length
    }
    if (batch.length > 0) batches.push(batch)
  }
  return batches
}
