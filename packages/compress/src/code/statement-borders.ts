/** @file Where a block may begin without cutting a string, an argument list or an expression in two. */
import type { Node } from 'web-tree-sitter'
import type { SourceLines } from './source-lines.ts'

// the node that spans a line break decides: between the statements of these a block may begin
const splittable =
  /^(program|module|source_file|translation_unit|compilation_unit|stylesheet|compound_statement|then|do|else|case|when)$|(block|_body|body_statement|declaration_list|statement_list|enumerator_list|variant_list|_case|_clause|_section|_statement|_definition|_declaration|_item|if_expression|match_expression)$/
const neverSplit = /^(return|expression|import|lexical|variable|local_variable|const|throw|raise|assert|use|field)_/

/** Marks each line at whose beginning a statement, clause or member begins. `[lines.count]` */
export function statementBorders(lines: SourceLines, root: Node): Uint8Array {
  const borders = new Uint8Array(lines.count)
  let last = -1 // the offset of the last character that is not white space
  for (let line = 0; line < lines.count; line++) {
    const start = lines.starts[line]!
    const end = lines.starts[line + 1]!
    const first = firstVisible(lines.text, start, end)
    if (first < 0) continue
    borders[line] = last < 0 || isSplittable(root, last, first) ? 1 : 0
    last = lastVisible(lines.text, start, end)
  }
  return borders
}

function isSplittable(root: Node, before: number, after: number): boolean {
  const type = root.namedDescendantForIndex(before, after + 1)?.type ?? ''
  return splittable.test(type) && !neverSplit.test(type)
}

function firstVisible(text: string, from: number, to: number): number {
  for (let at = from; at < to; at++) if (text.charCodeAt(at) > 32) return at
  return -1
}

function lastVisible(text: string, from: number, to: number): number {
  for (let at = to - 1; at >= from; at--) if (text.charCodeAt(at) > 32) return at
  return from
}
