import { join } from 'node:path'
import { expect, test } from 'vitest'
import { allSnippets } from '../scripts/check-snippets.ts'
import { runSnippet } from '../scripts/run-snippet.ts'

const root = join(import.meta.dirname, '..')
const snippets = allSnippets(root).filter((snippet) => snippet.run === 'model')

test('there are pages with programs that need a model', () => expect(snippets.length).toBeGreaterThan(0))

test.each(snippets.map((snippet) => [`${snippet.page}:${snippet.line}`, snippet] as const))(
  '%s runs and prints what the page says',
  async (_name, snippet) => {
    const printed = await runSnippet(root, snippet)
    if (snippet.prints !== undefined) expect(printed).toBe(snippet.prints)
  },
)
