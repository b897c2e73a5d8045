/** @file JSON as a tree of offsets. The text is known to parse. */
import type { Span } from '@lc/model'

/** A value and where it stands. */
export interface JsonNode extends Span {
  kind: 'object' | 'array' | 'string' | 'other'
  children: JsonChild[]
}

/** An element of an array, or a member of an object with its key. */
export interface JsonChild extends Span {
  /** The key as it is written, with its quotes; empty for an element. */
  key: string
  /** Where the value begins; a member begins with its key. */
  node: JsonNode
}

/** Deeper values are not looked into: they are kept or dropped whole. */
const deepest = 100
const space = /[ \t\r\n]/

/** All values of a text, one after the other (JSON has one, JSON Lines many); undefined for text that is neither. */
export function readJson(text: string): JsonNode[] | undefined {
  if (!isJson(text) && !isJsonLines(text)) return undefined
  const values: JsonNode[] = []
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, values.at(-1)!.end))
    values.push(readValue(text, at, 0))
  return values
}

/** Whether a text is one JSON value that has parts. */
export function isJson(text: string): boolean {
  return /^[ \t\r\n]*[[{]/.test(text) && parses(text)
}

/** Whether a text is lines of JSON objects or arrays. */
export function isJsonLines(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.length > 1 && lines.every(isJson)
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function readValue(text: string, start: number, depth: number): JsonNode {
  const first = text[start]
  if (first === '"') return { kind: 'string', start, end: endOfString(text, start), children: [] }
  if (first !== '{' && first !== '[') return { kind: 'other', start, end: endOfWord(text, start), children: [] }
  if (depth >= deepest) return { kind: 'other', start, end: endOfContainer(text, start), children: [] }
  return readContainer(text, start, depth)
}

function readContainer(text: string, start: number, depth: number): JsonNode {
  const kind = text[start] === '{' ? 'object' : 'array'
  const children: JsonChild[] = []
  let at = skipSpace(text, start + 1)
  while (text[at] !== '}' && text[at] !== ']') {
    const from = at
    let key = ''
    if (kind === 'object') {
      const end = endOfString(text, at)
      key = text.slice(at, end)
      at = skipSpace(text, skipSpace(text, end) + 1)
    }
    const node = readValue(text, at, depth + 1)
    children.push({ key, start: from, end: node.end, node })
    at = skipSpace(text, node.end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return { kind, start, end: at + 1, children }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && space.test(text[at]!)) at++
  return at
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function endOfWord(text: string, start: number): number {
  let at = start
  while (at < text.length && !/[\s,\]}]/.test(text[at]!)) at++
  return at
}

function endOfContainer(text: string, start: number): number {
  let depth = 0
  for (let at = start; ; ) {
    const character = text[at]
    if (character === '"') {
      at = endOfString(text, at)
      continue
    }
    if (character === '{' || character === '[') depth++
    if (character === '}' || character === ']') depth--
    at++
    if (depth === 0) return at
  }
}
