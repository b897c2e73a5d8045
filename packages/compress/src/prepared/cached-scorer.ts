/**
 * @file A scorer that remembers. The same text after the same context is scored once; and where the model can keep the state of
 * a context, a new question after a context that was read before costs only the question's tokens.
 */
import type {
  CallOptions,
  PreparedContext,
  ScoreOptions,
  ScoreRequest,
  ScoreResult,
  Scorer,
  Tokenizer,
} from '@lc/model'
import { checkArgument, checkInteger, checkString } from '@lc/model/check'
import { ContextPool } from './context-pool.ts'
import type { EntryStore } from './entry-store.ts'
import { memoryStore } from './memory-store.ts'
import { decodeScore, encodeScore, type ScoreOrigin, scoreKey } from './score-entry.ts'

/** Options of `cachedScorer`. */
export interface CachedScorerOptions {
  /** Where scores are kept. Defaults to `memoryStore()`; on disk in Node.js: `fileStore` of `@lc/compress/node`. */
  store?: EntryStore | undefined
  /**
   * Tokens of contexts whose keys and values stay in memory, where the model can keep them (SmolLM2-135M: about 50 kB for each
   * token). Defaults to 0: none.
   */
  contextTokens?: number | undefined
  /**
   * Names the weights in the keys. Defaults to the scorer's `weightsHash`; without either, scores are kept in memory for this
   * object alone, whatever the store.
   */
  weights?: string | undefined
}

/** A scorer that remembers. */
export interface CachedScorer extends Scorer {
  /**
   * Whether contexts stay in memory, so that it pays to score texts after contexts and not as one. LongCodeZip then reads inputs of
   * up to five budgets in two passes where it would take one, with slightly other scores.
   */
  readonly keepsContexts: boolean
  /** Requests that were answered from the store, and contexts that were read before, so far. */
  readonly hits: { readonly scores: number; readonly contexts: number }
  /** Frees the contexts that are kept; the scorer below stays open. Idempotent. */
  close(): Promise<void>
}

/**
 * The scorer for texts that will hardly come again: a batch costs less than reading each context to keep it. Scores are
 * remembered all the same.
 */
export function withoutKeeping(scorer: Scorer): Scorer {
  return scorer instanceof RememberingScorer ? scorer.passing : scorer
}

/** Whether a scorer keeps the contexts that it reads. */
export function keepsContexts(scorer: Scorer): boolean {
  return 'keepsContexts' in scorer && scorer.keepsContexts === true
}

/**
 * Remembers what a scorer computed: scores of equal requests in a store, and the state of contexts in memory. Works for every
 * method, since all ask the model through `Scorer`. Requests with a prepared context or a cache policy pass unchanged.
 *
 * @throws InvalidArgumentError
 * @example
 * ```ts
 * import { cachedScorer, compressCode } from '@lc/compress'
 * import type { Passage, Scorer } from '@lc/model'
 *
 * export async function askTwice(model: Scorer, files: Passage[]) {
 *   const scorer = cachedScorer(model, { contextTokens: 20_000 })
 *   await compressCode(files, { scorer, budget: 2000, query: 'where is the retry delay computed?' })
 *   await compressCode(files, { scorer, budget: 2000, query: 'who closes the socket?' }) // reads only the question anew
 *   await scorer.close()
 * }
 * ```
 */
export function cachedScorer(scorer: Scorer, options: CachedScorerOptions = {}): CachedScorer {
  checkArgument(typeof scorer?.score === 'function', 'scorer', scorer, 'a Scorer')
  const tokens = checkInteger(options.contextTokens ?? 0, 'contextTokens', { min: 0 })
  const weights = options.weights === undefined ? scorer.weightsHash : checkString(options.weights, 'weights')
  // without a name for its weights nobody else may take these scores for theirs
  const store = weights === undefined ? memoryStore() : (options.store ?? memoryStore())
  return new RememberingScorer(scorer, store, tokens, weights)
}

/** Shorter contexts cost less than keeping them. */
const fewestContextTokens = 24

class RememberingScorer implements CachedScorer {
  readonly keepsContexts: boolean
  readonly hits = { scores: 0, contexts: 0 }
  readonly id?: string
  readonly contextLength?: number
  readonly weightsHash?: string
  readonly prepare?: NonNullable<Scorer['prepare']>
  readonly #scorer: Scorer
  readonly #store: EntryStore
  readonly #contexts: ContextPool

  constructor(scorer: Scorer, store: EntryStore, contextTokens: number, weights: string | undefined) {
    this.#scorer = scorer
    this.#store = store
    this.#contexts = new ContextPool(contextTokens)
    if (weights !== undefined) this.weightsHash = weights
    if (scorer.id !== undefined) this.id = scorer.id
    if (scorer.contextLength !== undefined) this.contextLength = scorer.contextLength
    this.keepsContexts = contextTokens > 0 && scorer.prepare !== undefined
    if (scorer.prepare) this.prepare = (context, options) => scorer.prepare!(context, options)
  }

  get tokenizer(): Tokenizer {
    return this.#scorer.tokenizer
  }

  /** The same without keeping contexts. */
  get passing(): Scorer {
    const { tokenizer, id, contextLength, weightsHash, prepare } = this
    return {
      tokenizer,
      ...(id !== undefined && { id }),
      ...(contextLength !== undefined && { contextLength }),
      ...(weightsHash !== undefined && { weightsHash }),
      ...(prepare && { prepare }),
      score: (requests, options = {}) => this.#score(requests, options, false),
    }
  }

  score(requests: readonly ScoreRequest[], options: ScoreOptions = {}): Promise<ScoreResult[]> {
    return this.#score(requests, options, this.keepsContexts)
  }

  async #score(requests: readonly ScoreRequest[], options: ScoreOptions, keep: boolean): Promise<ScoreResult[]> {
    options.signal?.throwIfAborted()
    if (options.policy !== undefined) return this.#scorer.score(requests, options)
    const origin = { weights: this.weightsHash ?? '', accuracy: options.accuracy }
    const keys = requests.map((request) => scoreKey(request, origin))
    const results = await this.#recall(keys, options)
    const missing = requests.flatMap((_, index) => (results[index] ? [] : [index]))
    if (missing.length > 0) {
      const asked = missing.map((index) => requests[index]!)
      const fresh = keep ? await this.#compute(asked, origin, options) : await this.#scorer.score(asked, options)
      const added = new Map<string, Uint8Array>()
      missing.forEach((index, at) => {
        results[index] = fresh[at]!
        const key = keys[index]
        if (key !== undefined) added.set(key, encodeScore(fresh[at]!))
      })
      await this.#store.put(added, options)
    }
    return results as ScoreResult[]
  }

  close(): Promise<void> {
    return this.#contexts.close()
  }

  async #recall(keys: readonly (string | undefined)[], options: CallOptions): Promise<(ScoreResult | undefined)[]> {
    const known = keys.filter((key) => key !== undefined)
    const found = await this.#store.get(known, options)
    let at = 0
    const results = keys.map((key) => {
      const bytes = key === undefined ? undefined : found[at++]
      return bytes && decodeScore(bytes)
    })
    this.hits.scores += results.filter((result) => result !== undefined).length
    return results
  }

  /** Scores on kept contexts where there are any, the rest as one batch. */
  async #compute(
    requests: readonly ScoreRequest[],
    origin: ScoreOrigin,
    options: ScoreOptions,
  ): Promise<ScoreResult[]> {
    const used: string[] = []
    try {
      const asked = await this.#withContexts(requests, used, origin, options)
      return await this.#scorer.score(asked, options)
    } finally {
      for (const key of used) this.#contexts.release(key)
    }
  }

  /** The requests, with prepared contexts for those that are kept or can be; `used` gets their keys. */
  async #withContexts(
    requests: readonly ScoreRequest[],
    used: string[],
    origin: ScoreOrigin,
    options: ScoreOptions,
  ): Promise<ScoreRequest[]> {
    const keys = requests.map((request) => (isWorthKeeping(request) ? contextKey(request, origin) : undefined))
    const asked = [...requests]
    const place = (index: number, context: PreparedContext): void => {
      used.push(keys[index]!)
      const { continuation } = requests[index]!
      asked[index] = { context, continuation, join: 'ids' }
    }
    // first what is there, so that nothing of it is given up for what is new
    keys.forEach((key, index) => {
      const context = key === undefined ? undefined : this.#contexts.use(key)
      if (context) place(index, context)
    })
    this.hits.contexts += used.length
    for (const [index, key] of keys.entries()) {
      if (key === undefined || asked[index] !== requests[index]) continue
      const kept = this.#contexts.use(key) ?? (await this.#read(key, requests[index]!, options))
      if (kept) place(index, kept)
    }
    return asked
  }

  /** Reads a context and keeps it, in use; undefined where there is no room. */
  async #read(key: string, { context }: ScoreRequest, options: ScoreOptions): Promise<PreparedContext | undefined> {
    const ids = context as ArrayLike<number>
    if (!(await this.#contexts.makeRoom(ids.length))) return undefined
    const { accuracy, signal } = options
    const prepared = await this.#scorer.prepare!(ids, { signal, ...(accuracy && { accuracy }) })
    return this.#contexts.keep(key, prepared)
  }
}

/** Ids before ids, the context the larger part. */
function isWorthKeeping({ context, continuation, join }: ScoreRequest): boolean {
  if (join !== 'ids' || typeof context === 'string' || 'extend' in context || typeof continuation === 'string')
    return false
  return context.length >= fewestContextTokens && context.length >= continuation.length
}

function contextKey({ context }: ScoreRequest, origin: ScoreOrigin): string {
  return scoreKey({ context: context as ArrayLike<number>, continuation: [], join: 'ids' }, origin)!
}
