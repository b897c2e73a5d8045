import { readFile, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, normalize, resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { describeSystemError, InputError } from '../errors/input-error.ts'
import { readStdin } from './read-stdin.ts'
import { looksMinified } from './skip-reason.ts'
import { textOfBytes } from './text-of-bytes.ts'
import { type SkippedFile, walkFolder } from './walk-folder.ts'

/** A text and where it came from. */
export interface TextSource {
  /** The path as it was named, with `/`; `stdin` for the standard input. */
  uri: string
  text: string
}

export interface ReadSourcesOptions {
  cwd: string
  stdin: Readable
  include?: readonly string[]
  exclude?: readonly string[]
  signal: AbortSignal
}

export interface ReadSourcesResult {
  sources: TextSource[]
  skipped: SkippedFile[]
}

/**
 * Reads what a command line names: files as they are, folders by `walkFolder`, `-` for the standard input. A file that
 * is named twice is read once. Throws `InputError` when a path does not exist or no text is left.
 */
export async function readSources(paths: readonly string[], options: ReadSourcesOptions): Promise<ReadSourcesResult> {
  const result: ReadSourcesResult = { sources: [], skipped: [] }
  const seen = new Set<string>()
  for (const path of paths) {
    options.signal.throwIfAborted()
    if (path === '-') {
      if (!seen.has('-')) result.sources.push({ uri: 'stdin', text: await readStdin(options.stdin, options.signal) })
      seen.add('-')
    } else if (await isFolder(path, options.cwd)) await readFolder(path, options, result, seen)
    else await readNamedFile(path, options, result, seen)
  }
  if (result.sources.length === 0) {
    const [first] = result.skipped
    const why = first ? ` (${result.skipped.length} left out, the first: ${first.name}, ${first.reason})` : ''
    throw new InputError({ path: paths.join(' '), problem: `no text files were found${why}` })
  }
  return result
}

async function isFolder(path: string, cwd: string): Promise<boolean> {
  try {
    return (await stat(resolve(cwd, path))).isDirectory()
  } catch (cause) {
    throw new InputError({ path, problem: describeSystemError(cause), cause })
  }
}

async function readFolder(path: string, options: ReadSourcesOptions, result: ReadSourcesResult, seen: Set<string>) {
  const { files, skipped } = await walkFolder(resolve(options.cwd, path), options)
  result.skipped.push(...skipped.map(({ name, reason }) => ({ name: uriOf(join(path, name)), reason })))
  for (const file of files) {
    options.signal.throwIfAborted()
    if (seen.has(file.path)) continue
    seen.add(file.path)
    const uri = uriOf(join(path, file.name))
    const text = await readText(file.path, uri, result)
    if (text === undefined) continue
    if (looksMinified(file.name, text)) result.skipped.push({ name: uri, reason: 'minified' })
    else result.sources.push({ uri, text })
  }
}

async function readNamedFile(path: string, options: ReadSourcesOptions, result: ReadSourcesResult, seen: Set<string>) {
  const absolute = await realpath(resolve(options.cwd, path))
  if (seen.has(absolute)) return
  seen.add(absolute)
  const text = await readText(absolute, uriOf(path), result)
  if (text !== undefined) result.sources.push({ uri: uriOf(path), text })
}

async function readText(path: string, uri: string, result: ReadSourcesResult): Promise<string | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    result.skipped.push({ name: uri, reason: describeSystemError(error) })
    return undefined
  }
  const text = textOfBytes(bytes)
  if (text === undefined) result.skipped.push({ name: uri, reason: 'binary' })
  return text
}

function uriOf(path: string): string {
  const clean = normalize(path).split(sep).join('/')
  return isAbsolute(path) ? clean : clean.replace(/^\.\//, '')
}
