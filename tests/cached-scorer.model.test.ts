/** @file A scorer that remembers, with the real model: a second question is answered as if nothing had been kept. */
import { cachedScorer, compressCode } from '@lc/compress'
import { nodeCodeParsers } from '@lc/compress/node'
import { type LocalModel, loadModel } from '@lc/core'
import { makePassage } from '@lc/model'
import { afterAll, beforeAll, expect, test } from 'vitest'

let model: LocalModel
beforeAll(async () => {
  model = await loadModel('smollm2-135m')
})
afterAll(() => model?.close())

const names = ['open', 'close', 'retry', 'parse', 'render', 'flush', 'bind', 'listen', 'accept', 'shutdown']
const file = names
  .map(
    (name, at) =>
      `def ${name}_socket(peer, limit):\n    count = limit * ${at + 2}\n    log("${name}", peer)\n    return count\n`,
  )
  .join('\n\n')

test('kept contexts give the scores and the text of a model that reads again', async () => {
  const scorer = cachedScorer(model, { contextTokens: 4000 })
  const passages = [makePassage(file, { uri: 'sockets.py' })]
  // more than five budgets: nearer inputs are read in one pass with the question where nothing is kept
  const options = { budget: 50, accuracy: 'exact', parsers: nodeCodeParsers() } as const
  await compressCode(passages, { ...options, scorer, query: 'Where is a page rendered?' })
  const read = scorer.hits.contexts
  const query = 'What is logged when a socket is closed?'
  const second = await compressCode(passages, { ...options, scorer, query })
  expect(scorer.hits.contexts - read).toBeGreaterThanOrEqual(names.length)
  const plain = await compressCode(passages, { ...options, scorer: model, query })
  expect(second.text).toBe(plain.text)
  for (const [index, { score }] of second.units.entries()) expect(score).toBeCloseTo(plain.units[index]!.score!, 3)
  await scorer.close()
}, 120_000)
