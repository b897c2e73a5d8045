import { cacheFolder, hubCacheFolder } from '@lc/core/node'
import { type CacheEntry, cacheEntries, removeEntry } from '../cache/cache-entries.ts'
import { type CommandContext, defineCommand } from '../command/command.ts'
import { UsageError } from '../errors/usage-error.ts'
import { printTable } from '../output/print-table.ts'
import { findGates } from './cache-gates.ts'
import { cacheViewOptions, viewCache } from './cache-view.ts'

/** `lc cache`: what lc keeps on this machine, and what a policy keeps of a text's key-value cache. */
export const cache = defineCommand({
  name: 'cache',
  summary: 'what is kept on this machine; a page of what a policy keeps of a text',
  usage: 'list | clear [NAMES...] | view --model M --file F --out PAGE | gates --model M --out FILE',
  takesNames: true,
  options: cacheViewOptions,
  examples: [
    { line: 'lc cache list', explains: 'names, sizes and folders, also of the hub cache that is shared with Python' },
    { line: 'lc cache clear', explains: "removes all of lc's own folder; the hub cache only by name" },
    { line: 'lc cache clear hub/HuggingFaceTB/SmolLM2-135M', explains: 'removes one entry of the list' },
    {
      line: 'lc cache view --model smollm2-135m --file notes.md --policy snap-kv --budget 25% --out page.html',
      explains: 'which tokens each layer and head still has, scores, attention and memory, as one page',
    },
    {
      line: 'lc cache gates --model smollm2-135m --out gates.tsv',
      explains: 'which heads need all of a text: the profile of duoAttention in @lc/kv; takes minutes',
    },
  ],
  async run(context, { positionals, options }) {
    const [action, ...names] = positionals
    if (action === 'view' && names.length === 0) return viewCache(options, context)
    if (action === 'gates' && names.length === 0) return findGates(options, context)
    if (action === 'list' && names.length === 0) return list(context)
    if (action === 'clear') return clear(context, names)
    throw new UsageError({
      problem: 'lc cache takes list, or clear and names of the list, or view, or gates',
      command: 'cache',
    })
  },
})

function readEntries({ env, signal }: CommandContext): Promise<CacheEntry[]> {
  return cacheEntries({ own: cacheFolder(env), hub: hubCacheFolder(env) }, signal)
}

async function list(context: CommandContext): Promise<0> {
  const entries = await readEntries(context)
  const bytes = total(entries)
  const rows = entries.map((entry) => [entry.name, megabytes(entry.bytes), entry.changed.slice(0, 10), entry.paths[0]!])
  const text = entries.length === 0 ? 'nothing is kept' : printTable([...rows, ['all', megabytes(bytes)]])
  context.output.result({ folder: cacheFolder(context.env), entries, bytes }, text)
  return 0
}

async function clear(context: CommandContext, names: readonly string[]): Promise<0> {
  const entries = await readEntries(context)
  const unknown = names.find((name) => !entries.some((entry) => entry.name === name))
  if (unknown !== undefined)
    throw new UsageError({ problem: `nothing named "${unknown}" is kept (lc cache list)`, command: 'cache' })
  const chosen = entries.filter(({ name }) => (names.length > 0 ? names.includes(name) : !name.startsWith('hub/')))
  for (const entry of chosen) {
    context.signal.throwIfAborted()
    await removeEntry(entry)
  }
  const removed = chosen.map((entry) => entry.name)
  context.output.result(
    { removed, bytes: total(chosen) },
    `removed ${chosen.length} entries, ${megabytes(total(chosen))}`,
  )
  return 0
}

function total(entries: readonly CacheEntry[]): number {
  return entries.reduce((sum, entry) => sum + entry.bytes, 0)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
