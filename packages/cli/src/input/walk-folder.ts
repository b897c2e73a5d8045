import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { describeSystemError } from '../errors/input-error.ts'
import { type IgnorePatterns, ignorePatterns } from './ignore-pattern.ts'
import { type IgnoreRules, isIgnored, rulesAbove, withRulesOf } from './ignore-rules.ts'
import { largestFileBytes, skipReasonOfName } from './skip-reason.ts'

export interface WalkOptions {
  /** Patterns in the form of `.gitignore`, relative to the folder; with any, only files that match one are taken. */
  include?: readonly string[]
  /** Patterns in the same form; what matches is left out. */
  exclude?: readonly string[]
  signal?: AbortSignal
}

/** A file of a folder. */
interface FoundFile {
  /** Absolute. */
  path: string
  /** Relative to the folder, with `/`. */
  name: string
}

/** A file that was left out, and why. */
export interface SkippedFile {
  name: string
  reason: string
}

export interface WalkResult {
  /** In the order of their names, by code units. */
  files: FoundFile[]
  skipped: SkippedFile[]
}

const versionControl = new Set(['.git', '.hg', '.svn', '.jj'])

interface Walk extends WalkResult {
  root: string
  include: IgnorePatterns | undefined
  exclude: IgnorePatterns
  signal: AbortSignal | undefined
}

/**
 * The text-like files of a folder: `.gitignore` files (also those above, within the repository) are honoured; lock
 * files, minified files, source maps, files over 1 MB, `node_modules` and links are left out.
 */
export async function walkFolder(folder: string, options: WalkOptions = {}): Promise<WalkResult> {
  const root = await realpath(folder)
  const walk: Walk = {
    root,
    files: [],
    skipped: [],
    include: options.include?.length ? ignorePatterns(options.include) : undefined,
    exclude: ignorePatterns(options.exclude ?? []),
    signal: options.signal,
  }
  await visit(walk, root, await rulesAbove(root))
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  return { files: walk.files.sort(byName), skipped: walk.skipped.sort(byName) }
}

async function visit(walk: Walk, folder: string, above: IgnoreRules | undefined): Promise<void> {
  walk.signal?.throwIfAborted()
  const rules = await withRulesOf(folder, above)
  let entries: Dirent[]
  try {
    entries = await readdir(folder, { withFileTypes: true })
  } catch (error) {
    walk.skipped.push({ name: nameIn(walk, folder), reason: describeSystemError(error) })
    return
  }
  for (const entry of entries) {
    const path = join(folder, entry.name)
    const name = nameIn(walk, path)
    if (versionControl.has(entry.name) || isIgnored(rules, path, entry.isDirectory())) continue
    if (walk.exclude.test(name, entry.isDirectory()) === 'excluded') continue
    if (entry.isDirectory()) {
      if (entry.name === 'node_modules') walk.skipped.push({ name: `${name}/`, reason: 'installed packages' })
      else await visit(walk, path, rules)
    } else if (entry.isSymbolicLink()) await judgeLink(walk, path, name)
    else if (entry.isFile()) await judgeFile(walk, path, name)
  }
}

async function judgeFile(walk: Walk, path: string, name: string): Promise<void> {
  if (!isIncluded(walk, name)) return
  const reason = skipReasonOfName(name.slice(name.lastIndexOf('/') + 1)) ?? (await reasonOfSize(path))
  if (reason) walk.skipped.push({ name, reason })
  else walk.files.push({ path, name })
}

async function reasonOfSize(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    return size > largestFileBytes ? `larger than 1 MB (${(size / 1e6).toFixed(1)} MB)` : undefined
  } catch (error) {
    return describeSystemError(error)
  }
}

/** Links are never followed: a target inside the folder is found at its own place, one outside is not asked for. */
async function judgeLink(walk: Walk, path: string, name: string): Promise<void> {
  if (!isIncluded(walk, name)) return
  try {
    const target = await realpath(path)
    const inside = target === walk.root || target.startsWith(walk.root + sep)
    if (!inside) walk.skipped.push({ name, reason: 'a link out of the folder' })
  } catch (error) {
    walk.skipped.push({ name, reason: `a link: ${describeSystemError(error)}` })
  }
}

/** A pattern of `--include` that names a folder takes all that is in it. */
function isIncluded({ include }: Walk, name: string): boolean {
  if (!include) return true
  for (let at = name.length; at > 0; at = name.lastIndexOf('/', at - 1)) {
    const verdict = include.test(name.slice(0, at), at < name.length)
    if (verdict) return verdict === 'excluded'
  }
  return false
}

function nameIn(walk: Walk, path: string): string {
  return relative(walk.root, path).split(sep).join('/')
}
