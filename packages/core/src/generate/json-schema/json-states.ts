/**
 * @file The states of an acceptor of JSON that fits a schema, byte by byte. A state is an immutable stack of frames; several states at
 * once stand for what is still open (unions, enumerations). Between parts there may be one space, or a line break with an indent.
 */
import type { SchemaNode } from './schema-node.ts'
import { type NumberPart, numberMayEnd, stepNumber } from './step-number.ts'
import { type StringPart, stepString } from './step-string.ts'

/** A place inside a value; what lies below comes after it. */
export type State = { readonly frame: Frame; readonly below: State | undefined }

type Frame =
  | { readonly kind: 'value'; readonly node: SchemaNode }
  | { readonly kind: 'literal'; readonly rest: string }
  | { readonly kind: 'string'; readonly part: StringPart; readonly min: number; readonly max: number }
  | { readonly kind: 'number'; readonly part: NumberPart; readonly integer: boolean }
  | ObjectFrame
  | { readonly kind: 'key'; readonly text: string; readonly escaped: boolean; readonly object: ObjectFrame }
  | ArrayFrame
  /** White space before what lies below: `spaces` may still come, a line break too if `breakable`. */
  | { readonly kind: 'space'; readonly spaces: number; readonly breakable: boolean }

interface ObjectFrame {
  readonly kind: 'object'
  readonly node: Extract<SchemaNode, { kind: 'object' }>
  readonly seen: ReadonlySet<string>
  readonly at: 'first' | 'key' | 'colon' | 'end'
  /** What the value after the colon must be. */
  readonly next?: SchemaNode
}

interface ArrayFrame {
  readonly kind: 'array'
  readonly node: Extract<SchemaNode, { kind: 'array' }>
  readonly count: number
  readonly at: 'first' | 'end'
}

const longestIndent = 16
const mostDepth = 128
const [space, newline] = [0x20, 0x0a]
const [quote, colon, comma] = [0x22, 0x3a, 0x2c]
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]

/** Where a value that fits begins. */
export function startState(node: SchemaNode): State {
  return { frame: { kind: 'value', node }, below: undefined }
}

/** The states after a byte; undefined stands for a value that is whole. */
export function stepState(state: State, byte: number): readonly (State | undefined)[] {
  const { frame, below } = state
  switch (frame.kind) {
    case 'value':
      return stepValue(frame.node, below, byte)
    case 'literal':
      return frame.rest.charCodeAt(0) === byte ? [literal(frame.rest.slice(1), below)] : []
    case 'string': {
      const part = stepString(frame.part, byte)
      if (part === undefined || part.length > frame.max) return []
      if (part.closed) return part.length >= frame.min ? [below] : []
      return [{ frame: { ...frame, part }, below }]
    }
    case 'number':
      return stepNumberState(frame, below, byte)
    case 'object':
      return stepObject(frame, below, byte)
    case 'key':
      return stepKey(frame, below, byte)
    case 'array':
      return stepArray(frame, below, byte)
    case 'space':
      return stepSpace(frame, below, byte)
  }
}

/** Whether the value may end in this state. */
export function mayEnd(state: State | undefined): boolean {
  if (state === undefined) return true
  return state.frame.kind === 'number' && state.below === undefined && numberMayEnd(state.frame.part)
}

function literal(rest: string, below: State | undefined): State | undefined {
  return rest === '' ? below : { frame: { kind: 'literal', rest }, below }
}

/** Room for white space before a state. */
function spaced(below: State, breakable: boolean): State {
  return { frame: { kind: 'space', spaces: 1, breakable }, below }
}

function stepSpace(
  frame: Extract<Frame, { kind: 'space' }>,
  below: State | undefined,
  byte: number,
): readonly (State | undefined)[] {
  const more = (spaces: number): State => ({ frame: { kind: 'space', spaces, breakable: false }, below })
  if (byte === space && frame.spaces > 0) return [more(frame.spaces - 1)]
  if (byte === newline && frame.breakable) return [more(longestIndent)]
  return below ? stepState(below, byte) : []
}

function stepValue(node: SchemaNode, below: State | undefined, byte: number): readonly (State | undefined)[] {
  switch (node.kind) {
    case 'union':
      return node.options.flatMap((option) => stepValue(option, below, byte))
    case 'reference':
      return stepValue(node.resolve(), below, byte)
    case 'literals':
      return node.texts.flatMap((text) => stepLiteral(toBytes(text), below, byte))
    case 'any':
      return anyNodes.flatMap((option) => stepValue(option, below, byte))
    case 'string': {
      const part: StringPart = { length: 0, at: 'text', pending: 0, closed: false }
      return byte === quote
        ? [{ frame: { kind: 'string', part, min: node.minLength, max: node.maxLength }, below }]
        : []
    }
    case 'number':
      return stepNumberState({ kind: 'number', part: 'start', integer: node.integer }, below, byte)
    case 'object':
      if (byte !== openBrace || depthOf(below) > mostDepth) return []
      return [spaced({ frame: { kind: 'object', node, seen: new Set(), at: 'first' }, below }, true)]
    case 'array':
      if (byte !== openBracket || depthOf(below) > mostDepth) return []
      return [spaced({ frame: { kind: 'array', node, count: 0, at: 'first' }, below }, true)]
  }
}

function stepLiteral(bytes: string, below: State | undefined, byte: number): readonly (State | undefined)[] {
  return bytes.charCodeAt(0) === byte ? [literal(bytes.slice(1), below)] : []
}

function stepNumberState(
  frame: Extract<Frame, { kind: 'number' }>,
  below: State | undefined,
  byte: number,
): readonly (State | undefined)[] {
  const part = stepNumber(frame.part, byte, frame.integer)
  if (part !== undefined) return [{ frame: { ...frame, part }, below }]
  // a number ends where something else begins
  return numberMayEnd(frame.part) && below ? stepState(below, byte) : []
}

function stepObject(frame: ObjectFrame, below: State | undefined, byte: number): readonly (State | undefined)[] {
  const whole = [...frame.node.required].every((name) => frame.seen.has(name))
  switch (frame.at) {
    case 'first':
    case 'key':
      if (byte === closeBrace && frame.at === 'first') return whole ? [below] : []
      return byte === quote ? [{ frame: { kind: 'key', text: '', escaped: false, object: frame }, below }] : []
    case 'colon': {
      if (byte !== colon) return []
      const after: State = { frame: { kind: 'object', node: frame.node, seen: frame.seen, at: 'end' }, below }
      const value: State = { frame: { kind: 'value', node: frame.next! }, below: spaced(after, true) }
      return [spaced(value, false)]
    }
    case 'end':
      if (byte === closeBrace) return whole ? [below] : []
      if (byte !== comma || !hasMore(frame)) return []
      return [spaced({ frame: { ...frame, at: 'key' }, below }, true)]
  }
}

/** Whether another member may come. */
function hasMore({ node, seen }: ObjectFrame): boolean {
  return node.additional !== undefined || [...node.properties.keys()].some((name) => !seen.has(name))
}

/** Keys are compared as JSON writes them, in bytes. */
function stepKey(
  frame: Extract<Frame, { kind: 'key' }>,
  below: State | undefined,
  byte: number,
): readonly (State | undefined)[] {
  const { object, text, escaped } = frame
  const { properties, additional } = object.node
  const open = [...properties.keys()].filter((name) => !object.seen.has(name))
  if (byte === quote && !escaped) {
    const name = parsedKey(text)
    if (name === undefined || object.seen.has(name)) return []
    const next = properties.get(name) ?? additional
    if (next === undefined) return []
    const seen = new Set(object.seen).add(name)
    return [{ frame: { kind: 'object', node: object.node, seen, at: 'colon', next }, below }]
  }
  if (byte < space) return []
  const longer = text + String.fromCharCode(byte)
  const known = open.some((name) => toBytes(JSON.stringify(name)).slice(1, -1).startsWith(longer))
  if (!known && additional === undefined) return []
  return [{ frame: { kind: 'key', text: longer, escaped: byte === 0x5c && !escaped, object }, below }]
}

function parsedKey(bytes: string): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, (each) => each.charCodeAt(0)))
    return JSON.parse(`"${text}"`) as string
  } catch {
    return undefined
  }
}

function stepArray(frame: ArrayFrame, below: State | undefined, byte: number): readonly (State | undefined)[] {
  const { node, count } = frame
  if (byte === closeBracket) return count >= node.minItems ? [below] : []
  if (count >= node.maxItems) return []
  const after: State = { frame: { kind: 'array', node, count: count + 1, at: 'end' }, below }
  const item: State = { frame: { kind: 'value', node: node.items }, below: spaced(after, true) }
  if (frame.at === 'first') return stepState(item, byte)
  return byte === comma ? [spaced(item, true)] : []
}

/** UTF-8 as a string of bytes. */
function toBytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')
}

function depthOf(state: State | undefined): number {
  let depth = 0
  for (let at = state; at; at = at.below) depth++
  return depth
}

const anyNode: SchemaNode = { kind: 'any' }
const anyNodes: readonly SchemaNode[] = [
  { kind: 'literals', texts: ['true', 'false', 'null'] },
  { kind: 'number', integer: false },
  { kind: 'string', minLength: 0, maxLength: Number.POSITIVE_INFINITY },
  { kind: 'object', properties: new Map(), required: new Set(), additional: anyNode },
  { kind: 'array', items: anyNode, minItems: 0, maxItems: Number.POSITIVE_INFINITY },
]
