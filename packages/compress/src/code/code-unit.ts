import type { Language } from './language.ts'
import type { LineRange, SourceLines } from './source-lines.ts'

/** What a unit of code is. `'statements'` are lines outside any definition; `'text'` is anything that was not parsed. */
export type UnitKind =
  | 'imports'
  | 'function'
  | 'method'
  | 'class'
  | 'interface'
  | 'enum'
  | 'type'
  | 'module'
  | 'macro'
  | 'statements'
  | 'text'

/** A definition, or what lies between definitions, as whole lines. The units of a file partition its lines. */
export interface CodeUnit {
  kind: UnitKind
  /** Qualified with the names of its containers by dots; empty for imports, statements and nameless definitions. */
  name: string
  /** The index of the container in the list of units, or -1. */
  parent: number
  /** Leading comments, decorators, signature and body; of a container the lines before its first member. */
  lines: LineRange
  /** The signature and its decorators, inside `lines`. */
  header: LineRange
  /** Of a container: the lines after its last member. */
  closer?: LineRange
}

/** The units of a file, in source order. */
export interface CodeOutline {
  language: Language
  /** Who found the units. */
  parsedBy: 'tree-sitter' | 'indentation'
  lines: SourceLines
  units: CodeUnit[]
  /** 1 where a statement begins, so that a block may begin there. `[lines.count]` */
  borders: Uint8Array
}
