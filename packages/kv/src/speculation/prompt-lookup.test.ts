import { expect, test } from 'vitest'
import { followers, promptLookup } from './prompt-lookup.ts'

test('what followed the longest agreement, the latest of several', () => {
  const text = [1, 2, 3, 9, 4, 2, 3, 8, 5, 2, 3, 7, 1, 2, 3]
  expect(followers(text, { shortest: 1, count: 2 })).toEqual([9, 4])
  expect(followers([2, 3, 8, 5, 2, 3, 7, 6, 2, 3], { shortest: 2, count: 1 })).toEqual([7])
})

test('nothing where too few tokens agree, and nothing of a text of one token', () => {
  expect(followers([1, 2, 3, 4, 2], { shortest: 2, count: 4 })).toEqual([])
  expect(followers([1, 2, 3, 4, 2], { shortest: 1, count: 4 })).toEqual([3, 4, 2])
  expect(followers([1], { shortest: 1, count: 4 })).toEqual([])
})

test('agrees with trying every place', () => {
  for (let seed = 0; seed < 200; seed++) {
    let state = seed + 1
    const next = () => (state = (state * 48271) % 2147483647)
    const text = Array.from({ length: 3 + (next() % 40) }, () => next() % 3)
    const agreement = (at: number) => {
      let length = 0
      while (length < at && length < 32 && text[at - 1 - length] === text[text.length - 1 - length]) length++
      return length
    }
    let best = 0
    for (let at = 1; at < text.length; at++) if (agreement(at) >= Math.max(2, agreement(best))) best = at
    expect(followers(text, { shortest: 2, count: 5 })).toEqual(best === 0 ? [] : text.slice(best, best + 5))
  }
})

test('drafts from a source, but not across its end', async () => {
  const drafter = promptLookup({ source: [5, 6, 7, 8], shortest: 2 })
  const run = await drafter.start({ prompt: Uint32Array.of(1, 2) } as never)
  expect(await run.draft([5, 6], 8)).toEqual({ ids: [7, 8] })
  expect(await run.draft([8, 1], 8)).toEqual({ ids: [] })
})

test.each([
  [{ tokens: 0 }, /tokens/],
  [{ tokens: 32 }, /tokens/],
  [{ shortest: 0 }, /shortest/],
  [{ source: [1.5] }, /source/],
] as const)('refuses %o', (options, message) => {
  expect(() => promptLookup(options)).toThrow(message)
})
