import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Snippet, writeSnippets } from './check-snippets.ts'

/** Runs a snippet as a program on our sources and gives what it prints; rejects when it fails. */
export async function runSnippet(root: string, snippet: Snippet): Promise<string> {
  const folder = join(root, 'tmp', `run-${process.pid}-${snippet.line}`)
  const [file = ''] = writeSnippets(folder, [snippet])
  try {
    const parameters = ['--conditions=@lc/source', '--import', 'tsx', file]
    const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: root, timeout: 240_000 })
    return stdout.trimEnd()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
