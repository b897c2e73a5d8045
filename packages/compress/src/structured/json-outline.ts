/**
 * @file JSON as parts: elements of arrays and the ends of long strings can go, keys stay, what is left parses. Where the keys alone
 * are too much, members can go as well.
 */
import type { JsonChild, JsonNode } from './json-tree.ts'
import type { Outline, OutlinePart, PartSpan } from './outline.ts'

/** Longer strings can be cut. */
const longString = 240
/** Characters of a long string that stay with its key; the next parts double in length. */
const firstPart = 120

/** A value, with the parts that its children or its pieces are. */
interface Planned {
  node: JsonNode
  /** The part that the value belongs to. */
  part: number
  children: { child: JsonChild; part: number; value: Planned }[]
  /** Ends of the pieces of a long string; the first belongs to `part`, each other to a part of its own. */
  cuts: { end: number; part: number }[]
}

/** @param members whether members of objects can go */
export function jsonOutline(text: string, values: readonly JsonNode[], members: boolean): Outline {
  const parts: OutlinePart[] = []
  const closingQuotes = new Set<number>()
  const add = (part: OutlinePart): number => parts.push(part) - 1
  const plan = (node: JsonNode, part: number, label: string): Planned => ({
    node,
    part,
    children: node.children.map((child, index) => {
      const own = child.key === '' ? label : child.key.slice(1, -1)
      const drops = child.key === '' || members
      const kind = child.key === '' ? 'element' : 'member'
      const name = child.key === '' ? `${label}[${index}]` : own
      const at = drops ? add({ start: child.start, end: child.end, parent: part, kind, label: own, name }) : part
      return { child, part: at, value: plan(child.node, at, own) }
    }),
    cuts: node.kind === 'string' && node.end - node.start > longString ? planString(node, part, label) : [],
  })
  const planString = (node: JsonNode, part: number, label: string): Planned['cuts'] => {
    closingQuotes.add(node.end - 1)
    const [first, ...others] = cutString(text, node)
    let parent = part
    let start = first!
    const cuts = [{ end: first!, part }]
    for (const end of others) {
      parent = add({ start, end, parent, kind: 'string', label })
      cuts.push({ end, part: parent })
      start = end
    }
    return cuts
  }
  const single = values.length === 1
  const roots = values.map((node) =>
    plan(node, add({ ...place(node), parent: -1, kind: single ? 'root' : 'element', label: '' }), ''),
  )
  return {
    parts,
    spansOf: (isKept) => renderValues(roots, isKept),
    marker: (omitted) => (closingQuotes.has(omitted.end) ? '...' : ''),
  }
}

function place({ start, end }: JsonNode): { start: number; end: number } {
  return { start, end }
}

/** Ends of the pieces of a string, the last before its closing quote; never inside an escape or a pair of surrogates. */
function cutString(text: string, { start, end }: JsonNode): number[] {
  const ends: number[] = []
  let wanted = start + 1 + firstPart
  let length = firstPart
  for (let at = start + 1; at < end - 1; ) {
    const next = afterCharacter(text, at)
    const soft = text[at] === ' ' || at > wanted + 40
    if (at >= wanted && soft && end - 1 - at > 20) {
      ends.push(at)
      wanted = at + length
      length *= 2
    }
    at = next
  }
  return [...ends, end - 1]
}

function afterCharacter(text: string, at: number): number {
  if (text[at] !== '\\') return at + (text.codePointAt(at)! > 0xffff ? 2 : 1)
  if (text[at + 1] !== 'u') return at + 2
  const high = /^d[89ab]/i.test(text.slice(at + 2, at + 6))
  return high && text.startsWith('\\u', at + 6) ? at + 12 : at + 6
}

function renderValues(roots: readonly Planned[], isKept: (part: number) => boolean): PartSpan[] {
  const spans: PartSpan[] = []
  let before: Planned | undefined
  roots.forEach((root, index) => {
    if (!isKept(root.part)) return
    // the line break of JSON Lines
    const previous = roots[index - 1]
    if (before && previous) spans.push({ start: previous.node.end, end: root.node.start, part: root.part })
    emit(root, isKept, spans)
    before = root
  })
  return spans
}

function emit(planned: Planned, isKept: (part: number) => boolean, spans: PartSpan[]): void {
  const { node, part, cuts } = planned
  if (cuts.length > 0) {
    let { start } = node
    for (const cut of cuts) {
      if (isKept(cut.part)) spans.push({ start, end: cut.end, part: cut.part })
      start = cut.end
    }
    spans.push({ start: node.end - 1, end: node.end, part })
  } else if (planned.children.length === 0) spans.push({ start: node.start, end: node.end, part })
  else emitChildren(planned, isKept, spans)
}

function emitChildren({ node, part, children }: Planned, isKept: (part: number) => boolean, spans: PartSpan[]): void {
  const first = children.findIndex((each) => isKept(each.part))
  if (first < 0) {
    spans.push({ start: node.start, end: node.start + 1, part }, { start: node.end - 1, end: node.end, part })
    return
  }
  spans.push({ start: node.start, end: children[0]!.child.start, part })
  children.forEach((each, index) => {
    if (!isKept(each.part)) return
    // the comma before, with its white space: the one after the sibling that stands before in the source
    if (index > first) spans.push({ start: children[index - 1]!.child.end, end: each.child.start, part: each.part })
    if (each.value.node.start > each.child.start)
      spans.push({ start: each.child.start, end: each.value.node.start, part: each.part })
    emit(each.value, isKept, spans)
  })
  spans.push({ start: children.at(-1)!.child.end, end: node.end, part })
}
