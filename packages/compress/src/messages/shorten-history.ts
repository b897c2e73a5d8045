/** @file The way to a shorter history, whatever its messages look like: contents by content, then turn by turn. */
import { type CallOptions, makePassage, type Passage, type TokenBudget } from '@lc/model'
import { BudgetTooSmallError } from '@lc/model/errors'
import type { CompressionModel } from '../choose/choose-method.ts'
import { type CompressOptions, compress } from '../choose/compress.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { type HistoryMemory, historyKeys } from './history-memory.ts'

/** What is known of a message. */
export interface HistoryItem {
  role: string
  /** Its texts that may be shortened. */
  contents: readonly string[]
}

/** A message that stays, by its place among those given, with what is left of its texts. */
export interface HistoryEntry {
  index: number
  contents: readonly string[]
}

/** What compresses the old texts of a history. */
export type HistoryCompressor = (passages: readonly Passage[], options: CompressOptions) => Promise<CompressionResult>

export interface HistoryPlan extends CallOptions {
  items: readonly HistoryItem[]
  budget: TokenBudget
  /** Tokens of the messages that stay, rendered. */
  count: (entries: readonly HistoryEntry[]) => number
  keepTurns: number
  query: string | undefined
  model: CompressionModel | undefined
  compress: HistoryCompressor | undefined
  /** What earlier turns decided, and what this one adds. */
  memory: HistoryMemory | undefined
}

export interface ShortHistory {
  entries: HistoryEntry[]
  tokens: number
  originalTokens: number
  /** Names of the methods that were used, in order. */
  methods: string[]
}

/** Stands for a text that is dropped while its place must stay. */
const omitted = '[omitted]'
const attempts = 6

/** With a memory a history that is too long is brought down to so much of the budget, so that the next turns fit without a change. */
const headroom = 0.7
/** What is new is compressed beside what is decided up to so much of the budget, if a good part of it can stay; else all is decided anew. */
const headroomBesideDecided = 0.9
const leastShareOfNew = 0.25

/**
 * Shortens a history to its budget.
 * @throws BudgetTooSmallError when what is protected does not fit
 */
export async function shortenHistory(plan: HistoryPlan): Promise<ShortHistory> {
  const whole = plan.items.map(({ contents }, index) => ({ index, contents }))
  const originalTokens = plan.count(whole)
  const methods: string[] = []
  const entries = plan.memory
    ? await shortenOnward(plan, plan.memory, whole, methods)
    : originalTokens <= plan.budget.tokens
      ? whole
      : await shorten(plan, { entries: whole, isFixed: protectedEntries(plan), share: 1 }, methods)
  return { entries, tokens: plan.count(entries), originalTokens, methods }
}

type Predicate = (entry: HistoryEntry) => boolean

/** System messages and the last turns. */
function protectedEntries({ items, keepTurns }: HistoryPlan): Predicate {
  const border = lastTurnsFrom(items, keepTurns)
  return ({ index }) => index >= border || items[index]!.role === 'system'
}

/** Leaves it at what earlier turns decided as long as that fits; else decides about what is new, or about all of it. */
async function shortenOnward(
  plan: HistoryPlan,
  memory: HistoryMemory,
  whole: readonly HistoryEntry[],
  methods: string[],
): Promise<HistoryEntry[]> {
  const keys = historyKeys(plan.items)
  const isProtected = protectedEntries(plan)
  const decisions = whole.map((entry) => (isProtected(entry) ? undefined : memory.recall(keys[entry.index]!)))
  const settled = whole.flatMap((entry) => {
    const decision = decisions[entry.index]
    if (decision === 'dropped') return []
    return [decision === undefined ? entry : { ...entry, contents: decision }]
  })
  if (plan.count(settled) <= plan.budget.tokens) return settled
  const isFixed: Predicate = (entry) => isProtected(entry) || decisions[entry.index] !== undefined
  const entries = hasRoomForNew(plan, settled, isFixed)
    ? await shorten(plan, { entries: settled, isFixed, share: headroomBesideDecided }, methods)
    : await shorten(plan, { entries: whole, isFixed: isProtected, share: headroom }, methods)
  const left = new Map(entries.map((entry) => [entry.index, entry.contents]))
  for (const entry of whole)
    if (!isProtected(entry)) memory.remember(keys[entry.index]!, left.get(entry.index) ?? 'dropped')
  return entries
}

function hasRoomForNew(plan: HistoryPlan, settled: readonly HistoryEntry[], isFixed: Predicate): boolean {
  const fixed = plan.count(settled.filter(isFixed))
  const fresh = plan.count(settled) - fixed
  return fresh > 0 && headroomBesideDecided * plan.budget.tokens - fixed >= leastShareOfNew * fresh
}

interface ShortenWork {
  entries: readonly HistoryEntry[]
  /** What stays as it is. */
  isFixed: Predicate
  /** How much of the budget is used, if what is fixed leaves the choice. */
  share: number
}

async function shorten(plan: HistoryPlan, work: ShortenWork, methods: string[]): Promise<HistoryEntry[]> {
  const { entries, isFixed, share } = work
  const limit = plan.budget.tokens
  const minimum = plan.count(entries.filter(isFixed))
  if (minimum > limit)
    throw new BudgetTooSmallError({ budget: limit, minimum, reason: 'the system prompt and the last turns' })
  const aim = minimum <= share * limit ? Math.floor(share * limit) : limit
  const bare = (list: readonly HistoryEntry[]): HistoryEntry[] =>
    list.map((entry) => (isFixed(entry) ? entry : { ...entry, contents: entry.contents.map(shortest) }))
  // whole turns go only when they do not fit even without their texts
  let left = entries
  while (plan.count(bare(left)) > aim) left = withoutOldestTurn(plan.items, left, isFixed)
  const old = left.filter((entry) => !isFixed(entry))
  return compressContents(plan, { entries: left, bare: bare(left), old, aim }, methods)
}

function shortest(content: string): string {
  return content.length <= omitted.length ? content : omitted
}

/** Where the last turns begin: a turn begins with a message of the user. */
function lastTurnsFrom(items: readonly HistoryItem[], turns: number): number {
  if (turns === 0) return items.length
  let left = turns
  for (let index = items.length - 1; index >= 0; index--)
    if (items[index]!.role === 'user' && --left === 0) return index
  return 0
}

/** Drops the first message that may go and all up to the next of a user, so that no result of a tool loses its call. */
function withoutOldestTurn(
  items: readonly HistoryItem[],
  entries: readonly HistoryEntry[],
  isFixed: Predicate,
): HistoryEntry[] {
  const first = entries.findIndex((entry) => !isFixed(entry))
  let end = first + 1
  while (end < entries.length && !isFixed(entries[end]!) && items[entries[end]!.index]!.role !== 'user') end++
  return [...entries.slice(0, first), ...entries.slice(end)]
}

interface OldContents {
  entries: readonly HistoryEntry[]
  /** The same with nothing in the old ones. */
  bare: HistoryEntry[]
  old: readonly HistoryEntry[]
  /** Tokens at most. */
  aim: number
}

/** One budget for all old texts; what comes out too long once rendered is asked for again, shorter. */
async function compressContents(plan: HistoryPlan, given: OldContents, methods: string[]): Promise<HistoryEntry[]> {
  const passages = given.old.flatMap(({ index, contents }) =>
    contents.flatMap((text, at) =>
      text === shortest(text) ? [] : [makePassage(text, { uri: `message:${index}`, id: `${index}/${at}` })],
    ),
  )
  const { budget, model, query, signal, onProgress } = plan
  const run = plan.compress ?? compress
  let room = given.aim - plan.count(given.bare)
  for (let attempt = 0; attempt < attempts && room > 0 && passages.length > 0; attempt++) {
    const result = await run(passages, { budget: { ...budget, tokens: room }, query, model, signal, onProgress })
    if (methods.at(-1) !== result.method) methods.push(result.method)
    const filled = fillContents(given, new Map(result.passages.map(({ id, text }) => [id, text.trim()])))
    const over = plan.count(filled) - given.aim
    if (over <= 0) return filled
    room -= over
  }
  return given.bare
}

function fillContents({ entries, bare }: OldContents, texts: ReadonlyMap<string, string>): HistoryEntry[] {
  return entries.map(({ index, contents }, place) => ({
    index,
    contents: contents.map((_, at) => texts.get(`${index}/${at}`) || bare[place]!.contents[at]!),
  }))
}
