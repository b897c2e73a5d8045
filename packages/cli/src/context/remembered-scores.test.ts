import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ScoreRequest, Scorer } from '@lc/model'
import { BigramModel } from '@lc/model/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { compressByMethod } from './compress-by-method.ts'
import { rememberedScores } from './remembered-scores.ts'

const folder = mkdtempSync(join(tmpdir(), 'lc-scores-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const env = { LC_CACHE: folder }
const model = new BigramModel('def a(b): return b ')

function counted(weightsHash?: string): Scorer & { asked: number } {
  return {
    tokenizer: model.tokenizer,
    ...(weightsHash !== undefined && { weightsHash }),
    asked: 0,
    score(requests: readonly ScoreRequest[], options) {
      this.asked += requests.length
      return model.score(requests, options)
    },
  }
}

const text = Array.from({ length: 12 }, (_, at) => `def f${at}(b):\n    c = b + ${at}\n    return c\n`).join('\n')
const passages = [{ id: 'a', text, source: { uri: 'a.py' }, spans: [] }]
const run = async (scorer: Scorer, noCache: boolean, query = 'what does f3 return') => {
  const model = rememberedScores(scorer, { noCache }, { env })
  return (await compressByMethod('longcodezip', passages, { model, query, budget: 60 })).result
}

describe('scores of earlier runs', () => {
  test('are not asked for again, by any process, and give the same text', async () => {
    const [first, second] = [counted('w'), counted('w')]
    const one = await run(first, false)
    const two = await run(second, false)
    expect(first.asked).toBeGreaterThan(5)
    expect(second.asked).toBe(0)
    expect(two.text).toBe(one.text)
    expect(readdirSync(join(folder, 'scores'))).toContain('recent.records')
  })

  test('--no-cache neither uses nor keeps them', async () => {
    const [first, second] = [counted('w'), counted('w')]
    await run(first, true)
    await run(second, true)
    expect(second.asked).toBe(first.asked)
    expect(() => readdirSync(join(folder, 'scores'))).toThrow()
  })

  test('those of a server, whose weights nobody knows, are not kept', async () => {
    const served = counted()
    expect(rememberedScores(served, { noCache: false }, { env })).toBe(served)
  })
})
