import { type CachePolicy, type LocalModel, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { makePassage } from '@lc/model'
import { afterAll, describe, expect, test } from 'vitest'
import { specKv } from './spec-kv.ts'
import { specKvCascade } from './spec-kv-cascade.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const model: LocalModel = await loadModel({ folder }, { platform, device, accuracy: 'exact', contextLength: 1024 })
afterAll(async () => {
  await model.close()
  await device.close()
})

const prompt = Array.from({ length: 90 }, (_, index) => 3 + ((index * 37 + (index >> 3) * 11) % 300))
const ahead = [7, 99, 250, 31, 8, 120]
const [window, budget] = [5, 30]

/** The largest softmax weight of each slot before the window, over queries and the query heads of a head. */
function largestWeights(
  keys: Float32Array,
  { data, positions }: { readonly data: Float32Array; readonly positions: Int32Array },
  head: number,
): Float64Array {
  const { kvHeads, heads, headDim, queryScale } = model.config
  const best = new Float64Array(prompt.length - window)
  for (const [row, position] of positions.entries())
    for (let member = 0; member < heads / kvHeads; member++) {
      const from = (row * heads + (head * heads) / kvHeads + member) * headDim
      const query = data.subarray(from, from + headDim)
      const weights = Array.from({ length: position + 1 }, (__, slot) =>
        Math.exp(queryScale * query.reduce((sum, x, channel) => sum + x * keys[slot * headDim + channel]!, 0)),
      )
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (let slot = 0; slot < best.length; slot++) best[slot] = Math.max(best[slot]!, weights[slot]! / total)
    }
  return best
}

/** Kept slots by the published formulas: one reading of prompt and answer, softmax of the last queries, by plain loops. */
async function expectedKept(): Promise<number[][]> {
  const { layers, kvHeads } = model.config
  const queries = window + ahead.length
  const kept: number[][] = []
  const look: CachePolicy = {
    id: 'look',
    triggers: [{ on: 'prefill-end' }],
    needs: () => [{ kind: 'queries', last: queries }],
    start: () => ({
      act: ({ cache, observations }) => {
        for (let layer = 0; layer < layers.length; layer++)
          for (let head = 0; head < kvHeads; head++) {
            const keys = cache.layer(layer).keyRows(head, cache.length)
            const best = largestWeights(keys, observations.queries(layer), head)
            const pooled = Array.from(best, (__, slot) => Math.max(...best.slice(Math.max(0, slot - 3), slot + 4)))
            const order = [...pooled.keys()].sort((left, right) => pooled[right]! - pooled[left]! || left - right)
            const chosen = order.slice(0, budget - window).sort((left, right) => left - right)
            kept.push([...chosen, ...Array.from({ length: window }, (__, at) => prompt.length - window + at)])
          }
        return []
      },
    }),
  }
  const session = model.session({ policy: look })
  await session.prefill([...prompt, ...ahead])
  await session.close()
  return kept
}

async function keptBy(policy: CachePolicy): Promise<number[][]> {
  const session = model.session({ policy })
  await session.prefill(prompt)
  const { layers, kvHeads } = model.config
  const kept = layers.flatMap((__, layer) =>
    Array.from({ length: kvHeads }, (___, head) => [
      ...session.cache.positionsOf(layer, head).subarray(0, session.cache.lengthOf(layer, head)),
    ]),
  )
  await session.close()
  return kept
}

describe('spec-kv', () => {
  test('keeps what the window and the answer look at, by plain loops', async () => {
    expect(await keptBy(specKv({ budget, window, lookahead: { ids: ahead } }))).toEqual(await expectedKept())
  })

  test('a draft model answers the prompt itself', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const { ids } = await session.decode({ maxTokens: 8 })
    await session.close()
    const drafted = await keptBy(specKv({ budget, window, lookahead: { model, tokens: 8 } }))
    expect(drafted).toEqual(await keptBy(specKv({ budget, window, lookahead: { ids: ids! } })))
    expect(drafted).not.toEqual(await keptBy(specKv({ budget, window, lookahead: { ids: ahead } })))
  })

  test('a text that fits is left alone, and nothing is drafted', async () => {
    const closed = await loadModel({ folder }, { platform, device })
    await closed.close()
    expect((await keptBy(specKv({ budget: 200, lookahead: { model: closed } })))[0]).toHaveLength(prompt.length)
    await expect(keptBy(specKv({ budget: 40, lookahead: { model: closed } }))).rejects.toThrow(/closed/)
  })

  test.each([
    [{ budget: 30, lookahead: { ids: [] } }, /lookahead/],
    [{ budget: 30, lookahead: { model, tokens: 0 } }, /tokens/],
    [{ budget: 20, lookahead: { ids: ahead } }, /budget/i],
    [{ budget: 40, window: 0, lookahead: { ids: ahead } }, /window/],
  ])('refuses options out of range (%#)', (options, message) => {
    expect(() => specKv(options)).toThrow(message)
  })
})

describe('the cascade', () => {
  const passages = ['the cat sat on the mat', 'the dog lay by the door'].map((text, index) =>
    makePassage(text.repeat(3), { uri: `${index}.txt` }),
  )
  const request = (context: string) => ({ prompt: `${context} who sat?`, maxTokens: 5 })

  test('shortens the prompt, and looks ahead from the whole one', async () => {
    const made = await specKvCascade({
      draft: model,
      passages,
      query: 'who sat?',
      compress: async (state) => ({ ...state, passages: state.passages.slice(0, 1) }),
      request,
      budget: 40,
      tokens: 4,
    })
    expect(made.prompt).toBe(`[1] 0.txt\n${passages[0]!.text} who sat?`)
    const answer = await model.generate(made)
    expect(answer.ids!.length).toBeGreaterThan(0)
    const { ids } = await model.generate({
      ...request(''),
      ...request(`[1] 0.txt\n${passages[0]!.text}\n\n[2] 1.txt\n${passages[1]!.text}`),
      maxTokens: 4,
    })
    const same = await model.generate({ ...made, policy: specKv({ budget: 40, lookahead: { ids: ids! } }) })
    expect(same.ids).toEqual(answer.ids)
    expect(same.cache!.slots).toBe(answer.cache!.slots)
  })

  test('refuses no passages', async () => {
    const compress = async <T>(state: T) => state
    await expect(specKvCascade({ draft: model, passages: [], compress, request, budget: 40 })).rejects.toThrow(
      /passages/,
    )
  })
})
