import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ProtectedKind, protectedSpans } from './protected-spans.ts'

/** The same kinds said plainly: right on short texts, quadratic on long runs. */
const plain = {
  urls: /\b(?:https?|ftp|file):\/\/[^\s<>"'`)\]}]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi,
  ids: /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{4,}\b|(?:[\w.-]+)?(?:\/[\w.-]+){2,}/gi,
}

const runs = fc
  .array(fc.constantFrom('a', 'B', '7', '-', '/', '.', '@', '+', ' ', '\u00e9', 'ab1', 'http://', '//'), {
    maxLength: 24,
  })
  .map((parts) => parts.join(''))

describe('protected spans', () => {
  test.each(['urls', 'ids'] as const)('of %s are what the plain pattern finds', (kind) => {
    fc.assert(
      fc.property(runs, (text) => {
        const found = protectedSpans(text, { kinds: [kind] }).map(({ start, end }) => text.slice(start, end))
        expect(found).toEqual([...text.matchAll(plain[kind])].map(([match]) => match))
      }),
      { numRuns: 3000 },
    )
  })

  const kinds: readonly ProtectedKind[] = [
    'quotes',
    'code',
    'numbers',
    'urls',
    'ids',
    'first-sentence',
    'last-sentence',
  ]

  // a quadratic pattern takes minutes here
  test.each(['a', 'a-', 'a.', '-', '/', 'a/', '"', '`', '1', '$', '@', 'a@'])(
    'of a million of %j end',
    (part) => {
      const text = part.repeat(1_000_000 / part.length)
      for (const { start, end } of protectedSpans(text, { kinds })) expect(end).toBeGreaterThan(start)
    },
    60_000,
  )
})
