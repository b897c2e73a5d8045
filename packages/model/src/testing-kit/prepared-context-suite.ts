/** @file What every `PreparedContext` must hold: it scores as the ids in it would, and its copies are its own. */
import type { PreparedContext, Scorer } from '../capability/scorer.ts'
import { errorCodeOf, largestDifference, type SuiteRunner } from './suite-runner.ts'

interface PreparedContextOptions extends SuiteRunner {
  context: string
  continuation: string
  tolerance: number
}

type Body = (scorer: Scorer, prepared: PreparedContext, tools: Tools) => Promise<void>

interface Tools {
  /** Scores the continuation after a prepared context or ids. */
  score(context: PreparedContext | readonly number[]): Promise<Float32Array>
  /** Checks that the prepared context scores as these ids. */
  expectLike(prepared: PreparedContext, ids: readonly number[]): Promise<void>
  ids: number[]
  more: number[]
}

/** Adds the tests of `prepare`; they pass by for a scorer without it. */
export function testPreparedContext(options: PreparedContextOptions, get: () => Promise<Scorer>): void {
  const { expect } = options
  const rule = (name: string, body: Body): void => {
    options.test(`prepare: ${name}`, async () => {
      const scorer = await get()
      if (!scorer.prepare) return
      const tools = toolsOf(options, scorer)
      const prepared = await scorer.prepare(tools.ids)
      try {
        await body(scorer, prepared, tools)
      } finally {
        await prepared.close()
      }
    })
  }

  rule('scores as its ids do, again and again', async (_, prepared, tools) => {
    await tools.expectLike(prepared, tools.ids)
    await tools.expectLike(prepared, tools.ids)
  })

  rule('text is prepared as its tokens', async (scorer, prepared, tools) => {
    const fromText = await scorer.prepare!(options.context)
    try {
      expect(fromText.length).toBe(prepared.length)
      await tools.expectLike(fromText, tools.ids)
    } finally {
      await fromText.close()
    }
  })

  rule('extend appends, truncate takes away', async (_, prepared, tools) => {
    await prepared.extend(tools.more)
    await tools.expectLike(prepared, [...tools.ids, ...tools.more])
    prepared.truncate(tools.ids.length)
    await tools.expectLike(prepared, tools.ids)
    prepared.truncate(2)
    await tools.expectLike(prepared, tools.ids.slice(0, 2))
  })

  rule('a fork and its origin do not touch each other', async (_, prepared, tools) => {
    const fork = prepared.fork()
    try {
      await fork.extend(tools.more)
      prepared.truncate(2)
      await tools.expectLike(fork, [...tools.ids, ...tools.more])
      await tools.expectLike(prepared, tools.ids.slice(0, 2))
    } finally {
      await fork.close()
    }
  })

  rule('a fork outlives its origin', async (_, prepared, tools) => {
    const fork = prepared.fork()
    await prepared.close()
    await tools.expectLike(fork, tools.ids)
    await fork.close()
  })

  rule('keep leaves the chosen positions', async (_, prepared, tools) => {
    const positions = [...tools.ids.keys()].filter((position) => position !== 1)
    await prepared.keep(positions)
    expect(prepared.length).toBe(tools.ids.length - 1)
    for (const logprob of await tools.score(prepared)) expect(Number.isFinite(logprob)).toBe(true)
  })

  rule('what is saved is restored', async (scorer, prepared, tools) => {
    const restored = await scorer.prepare!(await prepared.save())
    try {
      await tools.expectLike(restored, tools.ids)
    } finally {
      await restored.close()
    }
  })

  rule('use after close is a DisposedError; closing twice is not', async (_, prepared, tools) => {
    await prepared.close()
    await prepared.close()
    expect(await errorCodeOf(() => prepared.extend(tools.more))).toBe('disposed')
    expect(await errorCodeOf(() => tools.score(prepared))).toBe('disposed')
  })
}

function toolsOf(options: PreparedContextOptions, scorer: Scorer): Tools {
  const { context, continuation, tolerance, expect } = options
  const score: Tools['score'] = async (before) => {
    const [result] = await scorer.score([{ context: before, continuation, join: 'ids' }])
    return result!.logprobs
  }
  return {
    score,
    ids: Array.from(scorer.tokenizer.encode(context).ids),
    more: Array.from(scorer.tokenizer.encode(' and then some more').ids),
    async expectLike(prepared, ids) {
      expect(prepared.length).toBe(ids.length)
      expect(largestDifference(await score(prepared), await score(ids))).toBeLessThanOrEqual(tolerance)
    },
  }
}
