import type { Passage } from '@lc/model'
import { escapeHtml } from '@lc/model/text'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compressCode } from '../longcodezip/compress-code.ts'
import { AdaptiveScorer } from '../testing-kit/adaptive-scorer.ts'
import { hostileText } from '../testing-kit/arbitrary-text.ts'
import { colourSteps } from './colour-scale.ts'
import { heatMap } from './heat-map.ts'
import { markLines } from './marked-lines.ts'

const code = `def alpha():
    return 1


def beta():
    x = 1
    y = 2
    z = 3
    a = 1
    b = 2
    c = 3
    d = 4
    return x
`

async function pageOf(text: string, budget: number, query: string, uri = 'a.py'): Promise<string> {
  const passage: Passage = { id: uri, text, source: { uri }, spans: [] }
  return heatMap(await compressCode([passage], { scorer: new AdaptiveScorer(), budget, query }), { query })
}

/** The tags of a page, with their attribute names. */
function tagsOf(page: string): Set<string> {
  const body = page.slice(page.indexOf('<body>'))
  const tags = [...body.matchAll(/<\/?([^\s>]*)([^>]*)>/g)]
  return new Set(
    tags.map(([, name, rest]) =>
      [name, ...[...rest!.replace(/"[^"]*"/g, '').matchAll(/([a-z-]+)(?==)/g)].map(([attribute]) => attribute)].join(
        ' ',
      ),
    ),
  )
}

describe('the page', () => {
  test('shows kept and dropped lines, folds long dropped runs, names the query and the numbers', async () => {
    const page = await pageOf(code, 20, 'alpha')
    expect(page).toMatch(/<div class="l kept[^>]*><b><\/b><i>1<\/i><code>def alpha\(\):<\/code>/)
    expect(page).toMatch(/<details><summary>\d+ lines dropped<\/summary>/)
    expect(page).toContain('<b>For:</b> alpha')
    expect(page).toMatch(/<dt>Budget<\/dt><dd>20 /)
    expect(page).toContain('Units by relevance')
  })

  test('works without network and scripts', async () => {
    const page = await pageOf(code, 20, 'alpha')
    expect(page).not.toMatch(/<script|https?:|url\(|@import/)
    expect(page).toContain("default-src 'none'")
  })

  test('nothing of the input becomes markup', async () => {
    const plain = tagsOf(await pageOf(code, 20, 'alpha'))
    const known = new Set([
      ...plain,
      ...tagsOf(await pageOf(`${'q'.repeat(50)}\n\nb\n`, 3, 'b')),
      'span class',
      'ul class',
      'li',
      'ul',
    ])
    await fc.assert(
      fc.asyncProperty(hostileText, fc.nat(40), async (text, budget) => {
        const attack = `${text}<script>alert(1)</script>" onclick="x"><img src=x onerror=y>&amp;`
        const page = await pageOf(attack, budget, attack, `${attack}.py`)
        for (const tag of tagsOf(page)) expect(known, tag).toContain(tag)
        // every character can be written as UTF-8
        expect(new TextDecoder().decode(new TextEncoder().encode(page))).toBe(page)
      }),
      { numRuns: 40 },
    )
  })
})

test('escaping covers markup, quotes, control characters and lone surrogates', () => {
  expect(escapeHtml(`<a b="c" d='e'>&\u0000\ud800x\udc00🙂\t\n`)).toBe(
    '&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\ufffd\ufffdx\ufffd🙂\t\n',
  )
})

test('colour steps follow ranks; equal scores are equal, missing ones stay missing', () => {
  expect(colourSteps([1, 2, 3, 4, 5, 6, 7])).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(colourSteps([5, null, 5, Number.NaN])).toEqual([3, null, 3, null])
  expect(colourSteps([-1000, 0, 1e9])).toEqual([0, 3, 6])
  expect(colourSteps([])).toEqual([])
})

test('lines are cut where what was kept begins and ends', () => {
  const lines = markLines('abc\ndef\r\n\nghi', [
    { start: 1, end: 5 },
    { start: 10, end: 13 },
  ])
  expect(lines.map(({ state }) => state)).toEqual(['mixed', 'mixed', 'blank', 'kept'])
  expect(lines[0]!.pieces).toEqual([
    { text: 'a', kept: false },
    { text: 'bc', kept: true },
  ])
  expect(lines[1]!.pieces).toEqual([
    { text: 'd', kept: true },
    { text: 'ef', kept: false },
  ])
})
