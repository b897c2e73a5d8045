import { join } from 'node:path'
import { expect, test } from 'vitest'
import { allSnippets } from './check-snippets.ts'
import { runSnippet } from './run-snippet.ts'

const root = join(import.meta.dirname, '..')
const snippets = allSnippets(root).filter((snippet) => snippet.run === 'plain')

test('a snippet that fails is reported', async () => {
  const failing = { page: 'page.md', line: 1, code: 'process.exit(7)', run: 'plain' } as const
  await expect(runSnippet(root, failing)).rejects.toMatchObject({ code: 7 })
})

test.each(snippets.map((snippet) => [`${snippet.page}:${snippet.line}`, snippet] as const))(
  '%s runs and prints what the page says',
  async (_name, snippet) => {
    const printed = await runSnippet(root, snippet)
    if (snippet.prints !== undefined) expect(printed).toBe(snippet.prints)
  },
)
