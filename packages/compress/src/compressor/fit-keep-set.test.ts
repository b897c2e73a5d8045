import { describe, expect, test } from 'vitest'
import { fitKeepSet, type KeepItem } from './fit-keep-set.ts'
import type { RenderedContext } from './render-kept.ts'

/** Each item is so many letters; a gap between kept items is a marker of two. */
function fit(items: KeepItem[], plan: number[], budget: number, fill?: 'all' | 'planned') {
  const kept = Uint8Array.from(items, (_, index) => (plan.includes(index) ? 1 : 0))
  const render = (mask: Uint8Array): RenderedContext => {
    let text = ''
    let gap = false
    items.forEach(({ tokens }, index) => {
      if (mask[index]) text += (gap ? '..' : '') + 'x'.repeat(tokens)
      gap = !mask[index]
    })
    return { text, passages: [] }
  }
  const { tokens } = fitKeepSet({ items, kept, budget, render, count: (text) => text.length, ...(fill && { fill }) })
  return { tokens, kept: [...kept].flatMap((each, index) => (each ? [index] : [])) }
}

const free = (tokens: number, value: number): KeepItem => ({ tokens, value, parent: -1 })

describe('a plan over the budget', () => {
  test('loses what is worth least per token, and nothing else', () => {
    const items = [free(10, 100), free(10, 10), free(10, 50), free(10, 70)]
    expect(fit(items, [0, 1, 2, 3], 35)).toEqual({ kept: [0, 2, 3], tokens: 32 })
  })

  test('loses a child before what it needs', () => {
    const items = [free(4, 1), { tokens: 10, value: 100, parent: 0 }, { tokens: 10, value: 90, parent: 0 }]
    expect(fit(items, [0, 1, 2], 15, 'planned').kept).toEqual([0, 1])
  })

  test('of equals loses the latest', () => {
    expect(fit([free(5, 5), free(5, 5), free(5, 5)], [0, 1, 2], 10).kept).toEqual([0, 1])
  })

  test('is empty when nothing fits', () => {
    expect(fit([free(10, 1), free(12, 1)], [0, 1], 5)).toEqual({ kept: [], tokens: 0 })
  })
})

describe('what is left of the budget', () => {
  test('goes to the best that still fits, with what it needs', () => {
    const items = [free(10, 10), free(3, 0), { tokens: 5, value: 50, parent: 1 }, free(9, 60)]
    expect(fit(items, [0], 20)).toEqual({ kept: [0, 1, 2], tokens: 18 })
  })

  test('goes only to what was planned and trimmed, when the plan decides', () => {
    const items = [free(10, 100), free(8, 8), free(3, 2), free(2, 90)]
    expect(fit(items, [0, 1, 2], 15, 'planned').kept).toEqual([0, 2])
    expect(fit(items, [0, 1, 2], 15, 'all').kept).toContain(3)
  })

  test('is used though a marker disappears only when a neighbour is added', () => {
    const items = [free(5, 50), free(3, 1), free(5, 50)]
    expect(fit(items, [0, 2], 13)).toEqual({ kept: [0, 1, 2], tokens: 13 })
  })
})

describe('protected items', () => {
  const items: KeepItem[] = [
    { ...free(4, 1), protection: 0 },
    { tokens: 6, value: 1, parent: 0, protection: 1 },
    { ...free(8, 800), protection: 0 },
    { ...free(7, 1), protection: 3 },
  ]

  test('come before all others, the more protected first, with what they hang on', () => {
    expect(fit(items, [0, 1, 2, 3], 22).kept).toEqual([0, 1, 3])
    expect(fit(items, [0, 1, 2, 3], 9).kept).toEqual([3])
  })

  test('are not given up where they must stay: too small a budget is an error with the least that is enough', () => {
    const require = (budget: number) => {
      const render = (mask: Uint8Array): RenderedContext => ({
        text: items.map(({ tokens }, index) => (mask[index] ? 'x'.repeat(tokens) : '')).join(''),
        passages: [],
      })
      return fitKeepSet({
        items,
        kept: Uint8Array.of(1, 1, 1, 1),
        budget,
        required: true,
        render,
        count: (text) => text.length,
      })
    }
    expect(() => require(16)).toThrow(expect.objectContaining({ code: 'budget-too-small', budget: 16, minimum: 17 }))
    expect(require(17).tokens).toBe(17)
    expect(require(24).tokens).toBe(17)
    expect(require(25).tokens).toBe(25)
  })
})
