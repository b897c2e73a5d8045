/** @file What lc keeps on disk: its own cache folder, and models in the hub cache that is shared with Python. */
import { randomBytes } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'

/** Something that is kept and can be removed. */
export interface CacheEntry {
  /** For example `converted/3f2a…` or `hub/HuggingFaceTB/SmolLM2-135M`. */
  name: string
  /** Its file or folder; several for files that belong together. */
  paths: string[]
  bytes: number
  /** When a file of it was last written, ISO 8601. */
  changed: string
}

/** The entries of both caches, by name. Folders that do not exist have none. */
export async function cacheEntries(folders: { own: string; hub: string }, signal: AbortSignal): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = []
  for (const kind of await foldersIn(folders.own)) {
    const folder = join(folders.own, kind.name)
    for (const [name, files] of groupByStem(await childrenOf(folder)))
      entries.push(
        await measured(
          `${kind.name}/${name}`,
          files.map((file) => join(folder, file)),
          signal,
        ),
      )
  }
  for (const child of await foldersIn(folders.hub)) {
    if (!child.name.startsWith('models--')) continue
    const repository = child.name.slice('models--'.length).replaceAll('--', '/')
    entries.push(await measured(`hub/${repository}`, [join(folders.hub, child.name)], signal))
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

/** Removes an entry; it disappears at once, however long the removal takes. */
export async function removeEntry({ paths }: CacheEntry): Promise<void> {
  for (const path of paths) {
    const trash = join(dirname(path), `.removed-${basename(path)}-${randomBytes(4).toString('hex')}`)
    await rename(path, trash)
    await rm(trash, { recursive: true, force: true })
  }
}

/** Files that differ only in their ending, such as data and its index, are one entry. */
function groupByStem(entries: readonly Dirent[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const entry of entries) {
    const stem = entry.isDirectory() ? entry.name : basename(entry.name, extname(entry.name))
    groups.set(stem, [...(groups.get(stem) ?? []), entry.name].sort())
  }
  return groups
}

async function measured(name: string, paths: string[], signal: AbortSignal): Promise<CacheEntry> {
  signal.throwIfAborted()
  const sizes = await Promise.all(paths.map(sizeOf))
  const bytes = sizes.reduce((sum, size) => sum + size.bytes, 0)
  return { name, paths, bytes, changed: new Date(Math.max(...sizes.map((size) => size.changed))).toISOString() }
}

/** Bytes of all files below, links not followed. */
async function sizeOf(path: string): Promise<{ bytes: number; changed: number }> {
  const found = await lstat(path)
  if (!found.isDirectory()) return { bytes: found.isSymbolicLink() ? 0 : found.size, changed: found.mtimeMs }
  const total = { bytes: 0, changed: found.mtimeMs }
  for (const entry of await readdir(path)) {
    const part = await sizeOf(join(path, entry))
    total.bytes += part.bytes
    total.changed = Math.max(total.changed, part.changed)
  }
  return total
}

async function childrenOf(folder: string): Promise<Dirent[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).filter((entry) => !entry.name.startsWith('.'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function foldersIn(folder: string): Promise<Dirent[]> {
  return (await childrenOf(folder)).filter((entry) => entry.isDirectory())
}
