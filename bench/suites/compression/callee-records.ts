/** @file YABLoCo: the functions that a C or C++ function calls, among those that others call. */
import { makePassage, type Span } from '@lc/model'
import type { Compressed, CompressionRecord } from './record.ts'
import { shuffled } from './shuffled.ts'

interface Callee {
  id: string
  name: string
  code?: string
  start: { line: number }
  end: { line: number }
}

/** Functions by key, as the file has them. */
export type Callers = Record<string, { code: string; calls: Callee[] }>

interface Candidate {
  id: string
  repository: string
  text: string
}

/** Lengths of bodies in characters: shorter ones were lost with their first line, longer ones are more than an eighth of the whole. */
const bodyLength = { least: 40, most: 1100 }
/** Characters of all functions of a record, about 3,000 tokens. */
const wholeLength = 9000

/**
 * Records of functions whose callees take an eighth of the whole at most, in an order of their own. The question is comment and
 * signature of the function; its body, which names what it calls, is left out. The others are callees of the same repository, then of others.
 */
export function calleeRecords(callers: Callers, comments: string, count: number): CompressionRecord[] {
  const rows = new Map(readCsv(comments).map((row) => [row['Unnamed: 0']!, row]))
  const known = Object.entries(callers).filter(([key]) => rows.has(key))
  const candidates = new Map<string, Candidate>()
  for (const [key, { calls }] of known)
    for (const callee of calls) {
      const text = wholeFunction(callee)
      if (text !== undefined) candidates.set(callee.id, { id: callee.id, repository: rows.get(key)!.repository!, text })
    }
  const asked = known.filter(([, { calls }]) => {
    const gold = calls.map(({ id }) => candidates.get(id))
    const length = gold.reduce((sum, candidate) => sum + (candidate?.text.length ?? Number.POSITIVE_INFINITY), 0)
    return calls.length > 0 && length <= wholeLength / 8
  })
  return shuffled(asked, 1)
    .slice(0, count)
    .map(([key, caller], at) => {
      const gold = [...new Set(caller.calls.map(({ id }) => id))].map((id) => candidates.get(id)!)
      const { repository, doc } = rows.get(key)!
      return calleeRecord(gold, [...candidates.values()], { repository: repository!, seed: at + 1 }, [
        doc!,
        caller.code.slice(0, caller.code.indexOf('{')).trim(),
      ])
    })
}

function calleeRecord(
  gold: readonly Candidate[],
  candidates: readonly Candidate[],
  { repository, seed }: { repository: string; seed: number },
  query: readonly string[],
): CompressionRecord {
  const isOwn = (candidate: Candidate): boolean => candidate.repository === repository
  const others = shuffled(
    candidates.filter((candidate) => !gold.includes(candidate)),
    seed,
  )
  let left = wholeLength - gold.reduce((sum, { text }) => sum + text.length, 0)
  const chosen = [...others.filter(isOwn), ...others.filter((other) => !isOwn(other))].filter(({ text }) => {
    if (text.length > left) return false
    left -= text.length
    return true
  })
  const mixed = shuffled([...gold, ...chosen], seed + 1)
  return {
    passages: mixed.map(({ id, text }, at) => makePassage(text, { uri: `${at}.cpp`, id })),
    query: query.join('\n'),
    measure: ({ spans }) => {
      const kept = gold.filter(({ id, text }) => 2 * keptLength(id, spans) >= text.length)
      return { 'callee recall': kept.length / gold.length }
    },
  }
}

function keptLength(id: string, spans: Compressed['spans']): number {
  const lengthOf = ({ start, end }: Span): number => end - start
  return (spans ?? []).reduce((sum, { passageId, source }) => sum + (passageId === id ? lengthOf(source) : 0), 0)
}

/**
 * A function of a record. The records begin a line late, mostly after the signature, and run on after the function: what runs on is cut
 * by the line numbers, and the lost signature is put back as the name that the record has.
 */
function wholeFunction({ name, code, start, end }: Callee): string | undefined {
  const body = (code ?? '')
    .split('\n')
    .slice(0, end.line - start.line)
    .join('\n')
  if (body.length < bodyLength.least || body.length > bodyLength.most) return undefined
  if (count(body, '{') < count(body, '}')) return `${name}() {\n${body}`
  if (body.trimStart().startsWith('{')) return `${name}()\n${body}`
  const [parameters] = body.split('{', 1)
  return count(parameters!, '(') < count(parameters!, ')') ? `${name}(\n${body}` : body
}

function count(text: string, character: string): number {
  return text.split(character).length - 1
}

/** Rows of a table with a header by their columns; fields in double quotes may hold commas, line breaks and doubled quotes. */
export function readCsv(text: string): Record<string, string>[] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain, separator] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!)
    if (separator !== ',') rows.push([])
  }
  const [header, ...body] = rows.filter((row) => row.length > 1)
  return body.map((row) => Object.fromEntries(header!.map((name, at) => [name, row[at] ?? ''])))
}
