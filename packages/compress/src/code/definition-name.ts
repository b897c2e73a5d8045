/** @file The name of a definition, whatever field its grammar keeps it in. */
import type { Node } from 'web-tree-sitter'

const longestName = 160

/**
 * The name of a definition.
 * @param outer the node around it, which holds the name of `const f = () => {}`
 */
export function definitionName(node: Node, outer: Node): string {
  return tidy(ownName(node) ?? outerName(node, outer) ?? '')
}

function ownName(node: Node): string | undefined {
  switch (node.type) {
    case 'impl_item':
      return implName(node)
    case 'method_declaration':
      return receiverName(node)
    case 'type_declaration':
      return node.namedChildren.map((child) => child?.childForFieldName('name')?.text ?? '').join(',')
    case 'linkage_specification':
    case 'preproc_if':
      return ''
    case 'type_definition':
    case 'function_definition':
      return node.childForFieldName('name')?.text ?? declaredName(node)
    case 'rule_set':
      return node.namedChild(0)?.text
    default:
      return node.childForFieldName('name')?.text ?? simpleName(node)
  }
}

// `impl Trait for Type`
function implName(node: Node): string {
  const type = node.childForFieldName('type')?.text ?? ''
  const trait = node.childForFieldName('trait')?.text
  return trait ? `${type}.${trait}` : type
}

// Go: `func (r *Type) name()`
function receiverName(node: Node): string | undefined {
  const name = node.childForFieldName('name')?.text
  const receiver = node.childForFieldName('receiver')?.text
  const type = receiver && /([\p{L}_][\p{L}\p{N}_]*)(?:\[[^\]]*\])?\s*\)\s*$/u.exec(receiver)?.[1]
  return type && name ? `${type}.${name}` : name
}

// C: the name hides inside pointers, arrays and parameter lists
function declaredName(node: Node): string | undefined {
  let declarator = node.childForFieldName('declarator')
  for (let depth = 0; depth < 16 && declarator; depth++) {
    const inner = declarator.childForFieldName('declarator') ?? referenced(declarator)
    if (!inner) return declarator.text
    declarator = inner
  }
  return declarator?.text
}

function referenced(declarator: Node): Node | null {
  return declarator.type === 'reference_declarator' ? declarator.namedChild(0) : null
}

function simpleName(node: Node): string | undefined {
  return node.namedChildren.find((child) => child && /^(simple_name|function_name)$/.test(child.type))?.text
}

function outerName(node: Node, outer: Node): string | undefined {
  let at: Node | null = node.parent
  while (at && at.startIndex >= outer.startIndex && at.endIndex <= outer.endIndex) {
    const name =
      at.childForFieldName('name') ?? (at.type === 'assignment_expression' ? at.childForFieldName('left') : null)
    if (name) return name.text
    at = at.parent
  }
  return outer.type === 'export_statement' ? 'default' : undefined
}

function tidy(name: string): string {
  return name.replace(/\s+/g, ' ').trim().slice(0, longestName)
}
