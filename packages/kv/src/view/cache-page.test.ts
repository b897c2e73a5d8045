import { type CachePolicy, fullCache, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { policyByName } from '../policies/policy-by-name.ts'
import { snapKv } from '../policies/snap-kv.ts'
import { cachePage } from './cache-page.ts'
import { heatImage } from './heat-image.ts'
import { ranksOf } from './ranks.ts'
import { recordCache } from './record-cache.ts'
import { tokenTexts } from './token-texts.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const model = await loadModel({ folder }, { platform, device, accuracy: 'exact', contextLength: 1024 })
afterAll(async () => {
  await model.close()
  await device.close()
})

const text = 'The cat sat on the mat and the dog lay by the door. '.repeat(6)

async function watched(policy: CachePolicy, input: string, steps = 0) {
  const { policy: recorded, recording } = recordCache(policy)
  const session = model.session({ policy: recorded })
  await session.prefill(input)
  if (steps > 0) await session.append(Array.from({ length: steps }, (_, index) => 5 + index))
  return {
    session,
    recording,
    page: cachePage({ session, recording, tokenizer: model.tokenizer, title: 'a <b> title' }),
  }
}

/** The kept tokens that a page shows, by head. */
function keptIn(page: string): number[][] {
  const data = JSON.parse(/id="data">(.*?)<\/script>/.exec(page)![1]!) as { rows: number; kept: string }
  const bits = Buffer.from(data.kept, 'base64')
  const tokens = page.match(/<i class="k\d/g)!.length
  return Array.from({ length: data.rows }, (_, row) =>
    Array.from({ length: tokens }, (__, token) => token).filter((token) => {
      const at = row * tokens + token
      return (bits[at >> 3]! >> (at & 7)) & 1
    }),
  )
}

describe('a page', () => {
  test.each([
    ['snap-kv'],
    ['ada-kv'],
    ['h2o'],
    ['tova'],
    ['kv-zip'],
    ['look-m'],
    ['streaming-llm'],
    ['la-cache'],
  ] as const)(
    '%s: a recorded policy does what it does alone, and the page shows the tokens that are left',
    async (name) => {
      const options = { budget: 44 }
      const { session, page } = await watched(policyByName(name, options), text, 20)
      await using alone = model.session({ policy: policyByName(name, options) })
      await alone.prefill(text)
      await alone.append(Array.from({ length: 20 }, (_, index) => 5 + index))
      const { compressions, heads, ...report } = alone.report()
      expect(session.report()).toMatchObject({ slots: report.slots, bytes: { used: report.bytes.used }, heads })
      expect(compressions.length).toBeGreaterThan(0)
      const kept = keptIn(page)
      const { kvHeads } = session.cache.shape
      for (const [index, tokens] of kept.entries()) {
        const [layer, head] = [Math.floor(index / kvHeads), index % kvHeads]
        expect(tokens).toHaveLength(heads[layer]![head]!.slots)
        // renumbered positions are not those of the tokens
        if (alone.cache.nextPosition === alone.tokens.length)
          expect(tokens).toEqual([...alone.cache.positionsOf(layer, head).slice(0, tokens.length)])
      }
      expect(await session.append([9])).toEqual(await alone.append([9]))
      await session.close()
    },
  )

  test('shows text, memory, heads with their reasons, scores and attention', async () => {
    const { page, session, recording } = await watched(snapKv({ budget: 44, window: 8 }), text, 5)
    expect(page).toContain('a &lt;b&gt; title')
    expect([...page.matchAll(/<i class="k\d[^"]*">([^<]*)<\/i>/g)].map(([, each]) => each).join('')).toContain(
      text.slice(0, 50),
    )
    expect(page).toMatch(/<svg viewBox.*aria-label="memory over \d+ tokens/)
    expect(page).toContain('8 last tokens, 5 since then')
    expect(page).toContain('by snap-kv: the highest scores')
    expect(page.match(/<img class="map"[^>]*src="data:image\/bmp;base64,/g)).toHaveLength(3)
    expect(page.match(/<button style=/g)).toHaveLength(session.report().heads.flat().length)
    const moments = recording.memory
    expect(moments[0]!.tokens).toBeGreaterThan(50)
    expect(moments.at(-1)!.allocatedBytes).toBeLessThan(moments[1]!.allocatedBytes)
    expect(moments.map(({ tokens }) => tokens)).toEqual([...moments.map(({ tokens }) => tokens)].sort((a, b) => a - b))
    await session.close()
  })

  test('of the full cache has everything, and no scores', async () => {
    const { page, session } = await watched(fullCache, text)
    expect(keptIn(page).every((tokens) => tokens.length === session.tokens.length)).toBe(true)
    expect(page.match(/<img class="map"/g)).toHaveLength(2)
    expect(page).not.toContain('by-score"')
    await session.close()
  })

  test('needs no network, and runs no script but its own', async () => {
    const { page, session } = await watched(snapKv({ budget: 44, window: 8 }), text)
    const [, hash] = /script-src 'sha256-([^']+)'/.exec(page)!
    const script = page.slice(page.lastIndexOf('<script>') + 8, page.lastIndexOf('</script>'))
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(script))
    expect(Buffer.from(digest).toString('base64')).toBe(hash)
    expect(page).toContain("default-src 'none'")
    expect(page).not.toMatch(/https?:|@import|url\(/)
    await session.close()
  })

  test('nothing of the text becomes markup', async () => {
    const tagsOf = (page: string) => new Set([...page.matchAll(/<(\/?[a-z0-9]+)/g)].map(([, tag]) => tag))
    const plain = await watched(snapKv({ budget: 44, window: 8 }), text)
    const known = tagsOf(plain.page)
    await plain.session.close()
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 30 }), async (noise) => {
        const attack = `${noise}</script><script>alert(1)</script>" onclick="x"><img src=x onerror=y>&amp;\u0000${noise}`
        const { page, session } = await watched(snapKv({ budget: 12, window: 8 }), attack)
        for (const tag of tagsOf(page)) expect(known).toContain(tag)
        expect(page).not.toContain('<script>alert')
        await session.close()
      }),
      { numRuns: 10 },
    )
  })
})

describe('its parts', () => {
  test('ranks run from 0 to 255, equal numbers rank alike, missing ones are 0', () => {
    expect([...ranksOf([3, 1, 2], 3)]).toEqual([255, 0, 128])
    expect([...ranksOf([5, 5, undefined, Number.NaN], 5)]).toEqual([128, 128, 0, 0, 0])
    expect([...ranksOf([7], 2)]).toEqual([255, 0])
    expect([...ranksOf([], 2)]).toEqual([0, 0])
  })

  test('an image has its sizes, its palette and its rows', () => {
    const [head, data] = heatImage(Uint8Array.of(0, 255, 7, 1, 2, 3), 3, 2, [
      [1, 2, 3],
      [251, 252, 253],
    ]).split(',')
    expect(head).toBe('data:image/bmp;base64')
    const file = Buffer.from(data!, 'base64')
    expect(file.toString('latin1', 0, 2)).toBe('BM')
    expect([file.readUInt32LE(2), file.readInt32LE(18), file.readInt32LE(22)]).toEqual([1086, 3, -2])
    expect([...file.subarray(54, 58)]).toEqual([3, 2, 1, 0])
    expect([...file.subarray(54 + 1020, 54 + 1024)]).toEqual([253, 252, 251, 0])
    expect([...file.subarray(1078)]).toEqual([0, 255, 7, 0, 1, 2, 3, 0])
  })

  test('texts of tokens make up the text, also where a character takes several', () => {
    const mixed = 'Zürich 😀 ok'
    const ids = [...model.tokenizer.encode(mixed).ids]
    expect(tokenTexts(ids, model.tokenizer).join('')).toBe(model.tokenizer.decode(ids))
    expect(tokenTexts([], model.tokenizer)).toEqual([])
    // ids that no text would be cut into
    const odd = [ids[0]!, ids[0]!, ids[0]!]
    expect(tokenTexts(odd, model.tokenizer)).toHaveLength(3)
  })
})
