/** @file Generating far more tokens than a cache holds, with positions by slot: speed and memory at the beginning and the end. */
import type { CacheSession, LocalModel } from '@lc/core'
import { streamingLlm } from '@lc/kv'
import type { Row } from '../../runner/suite.ts'
import { indexOfLargest } from '../cache-quality/compare-logits.ts'

/** Speed and memory of a stretch of generated tokens. */
interface Stretch {
  readonly tokensPerSecond: number
  readonly cacheBytes: number
  readonly residentBytes: number
}

/** What was generated. */
export interface EndlessRecord {
  readonly tokens: number
  readonly stretch: number
  readonly budget: number
  readonly first: Stretch
  readonly last: Stretch
}

interface EndlessOptions {
  readonly tokens: number
  /** Tokens that are timed together; as many warm up before the first. */
  readonly stretch: number
  readonly budget: number
  readonly say: (line: string) => void
}

/** Generates greedily, whatever comes out. */
export async function measureEndless(
  model: LocalModel,
  start: Uint32Array,
  { tokens, stretch, budget, say }: EndlessOptions,
): Promise<EndlessRecord> {
  await using session = model.session({ policy: streamingLlm({ budget }), accuracy: 'fast' })
  let logits = await session.prefill(start)
  const stretches: Stretch[] = []
  for (let done = 0; done < tokens + stretch; done += stretch) {
    const began = performance.now()
    for (let token = 0; token < stretch; token++) logits = await session.append([indexOfLargest(logits)])
    stretches.push(stretchOf(session, (stretch * 1000) / (performance.now() - began)))
    const { tokensPerSecond, cacheBytes, residentBytes } = stretches.at(-1)!
    say(
      `${done + stretch} generated: ${tokensPerSecond.toFixed(1)} tokens/s, cache ${(cacheBytes / 1e6).toFixed(1)} MB, process ${(residentBytes / 1e6).toFixed(0)} MB`,
    )
  }
  return { tokens, stretch, budget, first: stretches[1]!, last: stretches.at(-1)! }
}

function stretchOf(session: CacheSession, tokensPerSecond: number): Stretch {
  const { rss } = process.memoryUsage()
  return { tokensPerSecond, cacheBytes: session.report().bytes.allocated, residentBytes: rss }
}

/** The end over the beginning. */
export function endlessRow({ tokens, stretch, budget, first, last }: EndlessRecord): Row {
  const ratio = last.tokensPerSecond / first.tokensPerSecond
  return {
    contestant: `streaming-llm, ${budget} slots`,
    what: `${tokens} tokens generated: last ${stretch} over first ${stretch} after warm-up`,
    unit: 'x',
    value: { count: 1, min: ratio, median: ratio, max: ratio },
    detail: {
      'first tokens/s': first.tokensPerSecond,
      'last tokens/s': last.tokensPerSecond,
      'cache MB': `${(first.cacheBytes / 1e6).toFixed(1)}, then ${(last.cacheBytes / 1e6).toFixed(1)}`,
      'process MB': `${(first.residentBytes / 1e6).toFixed(0)}, then ${(last.residentBytes / 1e6).toFixed(0)}`,
    },
  }
}
