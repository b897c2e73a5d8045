/**
 * @file Units of code from a syntax tree: definitions with their comments and decorators, members of classes as units of
 * their own, nested functions inside theirs. Works on whole lines; the units partition the lines of the file exactly.
 */
import type { Node } from 'web-tree-sitter'
import { sentenceStarts } from '../prose/sentences.ts'
import type { CodeParsers } from './code-parsers.ts'
import type { CodeOutline, CodeUnit, UnitKind } from './code-unit.ts'
import { cutLongUnits } from './cut-long-units.ts'
import { definitionName } from './definition-name.ts'
import { type GrammarRules, grammarRules } from './grammar-rules.ts'
import type { Language } from './language.ts'
import { type LineRange, lineAt, type SourceLines, splitAt, splitSourceLines } from './source-lines.ts'
import { statementBorders } from './statement-borders.ts'
import { unitsByIndent } from './units-by-indent.ts'

/** Texts over this length are read by indentation: a syntax tree takes about 100 bytes a character. */
const longestParsed = 2_000_000

/**
 * The units of a text. Uses the parser of the language where `parsers` has one, else indentation; the lines of prose are sentences.
 * Never fails on bad code: what does not parse is `'statements'`.
 */
export async function parseUnits(text: string, language: Language, parsers?: CodeParsers): Promise<CodeOutline> {
  if (language === 'text' || language === 'markdown')
    return unitsByIndent(splitAt(text, sentenceStarts(text)), language)
  const lines = splitSourceLines(text)
  const rules = grammarRules(language)
  if (!rules || !parsers || text.length > longestParsed) return unitsByIndent(lines, language)
  const tree = await parsers.parse(language, text)
  if (!tree) return unitsByIndent(lines, language)
  try {
    if (errorShare(tree.rootNode) > 0.5) return unitsByIndent(lines, language)
    return outlineOf(lines, language, rules, tree.rootNode)
  } finally {
    tree.delete()
  }
}

function errorShare(root: Node): number {
  if (!root.hasError) return 0
  if (root.type === 'ERROR') return 1
  let length = 0
  for (const child of root.children) if (child?.isError) length += child.endIndex - child.startIndex
  return length / Math.max(1, root.endIndex - root.startIndex)
}

/** A definition or a run of other lines among siblings. */
interface Item {
  kind: UnitKind
  from: number
  to: number
  definition?: { node: Node; outer: Node; headerFrom: number }
}

interface Walk {
  lines: SourceLines
  rules: GrammarRules
  units: CodeUnit[]
}

function outlineOf(lines: SourceLines, language: Language, rules: GrammarRules, root: Node): CodeOutline {
  const walk: Walk = { lines, rules, units: [] }
  const items = closeGaps(itemsOf(walk, root.children, 0), { from: 0, to: lines.count })
  for (const item of items) addItem(walk, item, -1, '')
  const borders = statementBorders(lines, root)
  return {
    language,
    parsedBy: 'tree-sitter',
    lines,
    units: cutLongUnits({ units: walk.units, lines, borders }),
    borders,
  }
}

/** Siblings on their way to items. */
interface Collected {
  items: Item[]
  /** The first line that no item has. */
  free: number
  /** Comments and decorators that wait for their definition. */
  leading: { from: number; to: number; headerFrom: number } | undefined
}

/** The siblings as items in ascending, disjoint lines. `first` is the first line that is free. */
function itemsOf(walk: Walk, siblings: readonly (Node | null)[], first: number): Item[] {
  const collected: Collected = { items: [], free: first, leading: undefined }
  for (const node of expand(walk.rules, siblings)) {
    const from = lineAt(walk.lines, node.startIndex)
    const to = lineAt(walk.lines, Math.max(node.startIndex, trimmedEnd(walk.lines.text, node) - 1)) + 1
    if (collected.leading && from > collected.leading.to) flushLeading(collected)
    if (walk.rules.leading.has(node.type)) addLeading(collected, node, from, to)
    else if (to > first) addNode(walk, collected, node, from, to)
  }
  flushLeading(collected)
  return collected.items
}

function addLeading(collected: Collected, node: Node, from: number, to: number): void {
  const headerFrom = node.type.includes('comment') ? Number.POSITIVE_INFINITY : from
  const { leading } = collected
  collected.leading = {
    from: leading?.from ?? from,
    to,
    headerFrom: Math.min(leading?.headerFrom ?? headerFrom, headerFrom),
  }
}

function addNode(walk: Walk, collected: Collected, node: Node, from: number, to: number): void {
  const definition = findDefinition(walk.rules, node)
  if (!definition) {
    flushLeading(collected)
    pushItem(collected, { kind: walk.rules.imports.has(node.type) ? 'imports' : 'statements', from, to })
    return
  }
  const { leading } = collected
  collected.leading = undefined
  pushItem(collected, {
    kind: walk.rules.definitions[definition.type] ?? 'statements',
    from: Math.min(leading?.from ?? from, from),
    to,
    definition: { node: definition, outer: node, headerFrom: Math.min(leading?.headerFrom ?? from, from) },
  })
}

function flushLeading(collected: Collected): void {
  const { leading } = collected
  collected.leading = undefined
  if (leading) pushItem(collected, { kind: 'statements', from: leading.from, to: leading.to })
}

/** What shares a line with the item before, or continues a run, joins it. */
function pushItem(collected: Collected, item: Item): void {
  const last = collected.items.at(-1)
  const continues = last && item.kind === last.kind && !item.definition && !last.definition
  if (last && (item.from < collected.free || continues)) last.to = Math.max(last.to, item.to)
  else collected.items.push({ ...item, from: Math.max(item.from, collected.free) })
  collected.free = Math.max(collected.free, item.to)
}

// some grammars end a node after the line end that follows it
function trimmedEnd(text: string, node: Node): number {
  let end = node.endIndex
  while (end > node.startIndex && text.charCodeAt(end - 1) <= 32) end--
  return end
}

/** Named siblings, with lists that only group them replaced by their members. */
function* expand(rules: GrammarRules, siblings: readonly (Node | null)[]): Generator<Node> {
  for (const node of siblings) {
    if (!node?.isNamed) continue
    if (rules.wrappers.has(node.type) && /_list$|_declarations$|^body_statement$/.test(node.type))
      yield* expand(rules, node.children)
    else yield node
  }
}

function findDefinition(rules: GrammarRules, node: Node, depth = 0): Node | undefined {
  if (Object.hasOwn(rules.definitions, node.type)) return node
  if (!rules.wrappers.has(node.type) || depth > 4) return undefined
  for (const child of node.namedChildren) {
    const found = child ? findDefinition(rules, child, depth + 1) : undefined
    if (found) return found
  }
  return undefined
}

/** Gives each line between items to the item before it, so that the items cover the range. */
function closeGaps(items: Item[], range: LineRange): Item[] {
  if (items.length === 0) return range.to > range.from ? [{ kind: 'statements', ...range }] : []
  items.forEach((item, index) => {
    if (index === 0) item.from = range.from
    item.to = items[index + 1]?.from ?? range.to
  })
  return items
}

function addItem(walk: Walk, item: Item, parent: number, scope: string): void {
  const { definition } = item
  const lines = { from: item.from, to: item.to }
  if (!definition) {
    walk.units.push({ kind: item.kind, name: '', parent, lines, header: { from: item.from, to: item.from } })
    return
  }
  const own = definitionName(definition.node, definition.outer)
  const name = scope && own ? `${scope}.${own}` : own || scope
  const header = headerOf(walk.lines, definition, item)
  const kind = item.kind === 'function' && parent >= 0 && isClass(walk.units[parent]!.kind) ? 'method' : item.kind
  const unit: CodeUnit = { kind, name, parent, lines, header }
  const members = walk.rules.containers.has(definition.node.type) ? membersOf(walk, definition.node, item, header) : []
  walk.units.push(unit)
  if (members.length === 0) return
  const index = walk.units.length - 1
  unit.lines = { from: item.from, to: members[0]!.from }
  for (const member of members) addItem(walk, member, index, name)
  const closer = { from: members.at(-1)!.to, to: item.to }
  if (closer.to > closer.from) unit.closer = closer
}

function isClass(kind: UnitKind): boolean {
  return kind === 'class' || kind === 'interface' || kind === 'type' || kind === 'enum'
}

/** Members as items, from the first that is a definition to the last; none when no member is worth a unit of its own. */
function membersOf(walk: Walk, node: Node, outer: Item, header: LineRange): Item[] {
  const body = node.childForFieldName('body')
  // Ruby keeps the comments before the first member outside the body
  const inside = body && body.type !== 'body_statement' ? body : node
  const all = itemsOf(walk, inside.children, header.to).map(smallAsStatements)
  const items = joinStatements(all.filter((item) => item.from >= header.to && item.to <= outer.to))
  const first = items.findIndex((item) => item.definition)
  if (first < 0) return []
  const kept = items.slice(first)
  const last = kept.at(-1)!
  const end = Math.max(last.to, Math.min(endOfBlank(walk.lines, last.to), outer.to))
  return closeGaps(kept, { from: kept[0]!.from, to: end })
}

// a member without a body, or on one line, is a field: it goes with its neighbours
function smallAsStatements(item: Item): Item {
  const node = item.definition?.node
  if (!node) return item
  const body = node.childForFieldName('body')
  if (body && node.endPosition.row > node.startPosition.row) return item
  return { kind: 'statements', from: item.from, to: item.to }
}

function joinStatements(items: Item[]): Item[] {
  const joined: Item[] = []
  for (const item of items) {
    const last = joined.at(-1)
    if (last && !last.definition && !item.definition && last.kind === item.kind) last.to = item.to
    else joined.push(item)
  }
  return joined
}

function endOfBlank(lines: SourceLines, from: number): number {
  let line = from
  while (line < lines.count && lines.text.slice(lines.starts[line], lines.starts[line + 1]).trim() === '') line++
  return line
}

/** From the first decorator to the line on which the body opens. */
function headerOf(lines: SourceLines, definition: NonNullable<Item['definition']>, item: Item): LineRange {
  const from = Math.max(item.from, Math.min(definition.headerFrom, item.to - 1))
  const own = lineAt(lines, definition.node.startIndex)
  const body = definition.node.childForFieldName('body')
  let to = own + 1
  if (body && body.type !== 'body_statement') {
    const opens = lineAt(lines, body.startIndex)
    to = lines.text.charCodeAt(body.startIndex) === 123 ? opens + 1 : Math.max(opens, own + 1)
  }
  return { from, to: Math.min(Math.max(to, from + 1), item.to) }
}
