/** @file `.gitignore` as git reads it: the nearest file decides, and what is below an ignored folder stays ignored. */
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { type IgnorePatterns, ignorePatterns } from './ignore-pattern.ts'

/** The rules of one folder, and those above it. */
export interface IgnoreRules {
  readonly folder: string
  readonly patterns: IgnorePatterns
  readonly above: IgnoreRules | undefined
}

/** Whether the rules exclude an entry. `path` is absolute; the folder that holds it must not be excluded itself. */
export function isIgnored(rules: IgnoreRules | undefined, path: string, isFolder: boolean): boolean {
  for (let level = rules; level; level = level.above) {
    const verdict = level.patterns.test(relative(level.folder, path).split(sep).join('/'), isFolder)
    if (verdict) return verdict === 'excluded'
  }
  return false
}

/** Adds the rules of a folder's own `.gitignore`, if it has one. */
export async function withRulesOf(folder: string, above: IgnoreRules | undefined): Promise<IgnoreRules | undefined> {
  const own = await rulesFile(join(folder, '.gitignore'))
  return own ? { folder, patterns: own, above } : above
}

/**
 * The rules that hold at a folder from the folders above it, up to the root of its git repository; none outside of one.
 * Rules that exclude the folder itself are dropped: who names a folder wants what is in it.
 */
export async function rulesAbove(folder: string): Promise<IgnoreRules | undefined> {
  const chain: string[] = []
  let root: string | undefined
  for (let at = folder; ; at = dirname(at)) {
    chain.unshift(at)
    if (await isRepository(at)) {
      root = at
      break
    }
    if (dirname(at) === at) break
  }
  if (root === undefined) return undefined
  const shared = await rulesFile(join(root, '.git', 'info', 'exclude'))
  let rules: IgnoreRules | undefined = shared ? { folder: root, patterns: shared, above: undefined } : undefined
  for (const at of chain) {
    if (at !== root && isIgnored(rules, at, true)) rules = undefined
    if (at !== folder) rules = await withRulesOf(at, rules)
  }
  return rules
}

async function isRepository(folder: string): Promise<boolean> {
  // `.git` is a folder, or a file in a linked work tree
  return (
    (await readOptional(join(folder, '.git', 'HEAD'))) !== undefined ||
    (await readOptional(join(folder, '.git'))) !== undefined
  )
}

async function rulesFile(path: string): Promise<IgnorePatterns | undefined> {
  const text = await readOptional(path)
  return text === undefined ? undefined : ignorePatterns(text)
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}
