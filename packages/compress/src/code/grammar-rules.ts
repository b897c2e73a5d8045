/**
 * @file What the node types of each tree-sitter grammar mean for units: which are definitions, which contain definitions,
 * which wrap one, and which lead one (comments, decorators). The names are those of the grammars themselves.
 */
import type { UnitKind } from './code-unit.ts'
import type { Language } from './language.ts'

/** The rules of one grammar; all names are node types. */
export interface GrammarRules {
  /** Definitions that are units. */
  definitions: Readonly<Record<string, UnitKind>>
  /** Definitions whose members are units of their own. */
  containers: ReadonlySet<string>
  /** Nodes without meaning of their own around a definition, as `export` or a list of statements. */
  wrappers: ReadonlySet<string>
  imports: ReadonlySet<string>
  /** What belongs to the definition that follows: comments, decorators, attributes. */
  leading: ReadonlySet<string>
}

const set = (names: string): ReadonlySet<string> => new Set(names.split(' ').filter(Boolean))
const noWrappers = set('')

const script: GrammarRules = {
  definitions: {
    function_declaration: 'function',
    generator_function_declaration: 'function',
    function_signature: 'function',
    function_expression: 'function',
    generator_function: 'function',
    arrow_function: 'function',
    method_definition: 'method',
    abstract_method_signature: 'method',
    method_signature: 'method',
    class_declaration: 'class',
    class: 'class',
    abstract_class_declaration: 'class',
    interface_declaration: 'interface',
    enum_declaration: 'enum',
    type_alias_declaration: 'type',
    internal_module: 'module',
    module: 'module',
  },
  containers: set('class_declaration class abstract_class_declaration internal_module module'),
  wrappers: set(
    'export_statement ambient_declaration lexical_declaration variable_declaration variable_declarator expression_statement assignment_expression',
  ),
  imports: set('import_statement'),
  leading: set('comment decorator'),
}

const cFamily: GrammarRules = {
  definitions: {
    function_definition: 'function',
    struct_specifier: 'type',
    union_specifier: 'type',
    enum_specifier: 'enum',
    type_definition: 'type',
    alias_declaration: 'type',
    class_specifier: 'class',
    namespace_definition: 'module',
    linkage_specification: 'module',
    concept_definition: 'type',
    preproc_function_def: 'macro',
    preproc_ifdef: 'module',
    preproc_if: 'module',
  },
  containers: set(
    'class_specifier struct_specifier namespace_definition linkage_specification preproc_ifdef preproc_if',
  ),
  wrappers: set('template_declaration'),
  imports: set('preproc_include using_declaration'),
  leading: set('comment attribute_declaration'),
}

const rules: Partial<Record<Language, GrammarRules>> = {
  typescript: script,
  tsx: script,
  javascript: script,
  python: {
    definitions: { function_definition: 'function', class_definition: 'class', type_alias_statement: 'type' },
    containers: set('class_definition'),
    wrappers: set('decorated_definition'),
    imports: set('import_statement import_from_statement future_import_statement'),
    leading: set('comment decorator'),
  },
  go: {
    definitions: { function_declaration: 'function', method_declaration: 'method', type_declaration: 'type' },
    containers: set(''),
    wrappers: noWrappers,
    imports: set('import_declaration package_clause'),
    leading: set('comment'),
  },
  rust: {
    definitions: {
      function_item: 'function',
      function_signature_item: 'function',
      struct_item: 'type',
      union_item: 'type',
      enum_item: 'enum',
      type_item: 'type',
      trait_item: 'interface',
      impl_item: 'class',
      mod_item: 'module',
      foreign_mod_item: 'module',
      macro_definition: 'macro',
    },
    containers: set('impl_item trait_item mod_item foreign_mod_item'),
    wrappers: noWrappers,
    imports: set('use_declaration extern_crate_declaration'),
    leading: set('line_comment block_comment attribute_item'),
  },
  java: {
    definitions: {
      method_declaration: 'method',
      constructor_declaration: 'method',
      compact_constructor_declaration: 'method',
      class_declaration: 'class',
      record_declaration: 'class',
      interface_declaration: 'interface',
      enum_declaration: 'enum',
      annotation_type_declaration: 'type',
    },
    containers: set('class_declaration record_declaration interface_declaration enum_declaration'),
    wrappers: set('enum_body_declarations'),
    imports: set('import_declaration package_declaration'),
    leading: set('line_comment block_comment'),
  },
  c: cFamily,
  cpp: cFamily,
  'c-sharp': {
    definitions: {
      method_declaration: 'method',
      constructor_declaration: 'method',
      destructor_declaration: 'method',
      operator_declaration: 'method',
      property_declaration: 'method',
      local_function_statement: 'function',
      class_declaration: 'class',
      struct_declaration: 'class',
      record_declaration: 'class',
      interface_declaration: 'interface',
      enum_declaration: 'enum',
      delegate_declaration: 'type',
      namespace_declaration: 'module',
    },
    containers: set(
      'class_declaration struct_declaration record_declaration interface_declaration namespace_declaration',
    ),
    wrappers: set('global_statement'),
    imports: set('using_directive extern_alias_directive file_scoped_namespace_declaration'),
    leading: set('comment'),
  },
  ruby: {
    definitions: {
      method: 'method',
      singleton_method: 'method',
      class: 'class',
      singleton_class: 'class',
      module: 'module',
    },
    containers: set('class singleton_class module'),
    wrappers: set('body_statement'),
    imports: set(''),
    leading: set('comment'),
  },
  php: {
    definitions: {
      function_definition: 'function',
      method_declaration: 'method',
      class_declaration: 'class',
      trait_declaration: 'class',
      interface_declaration: 'interface',
      enum_declaration: 'enum',
    },
    containers: set('class_declaration trait_declaration interface_declaration enum_declaration'),
    wrappers: noWrappers,
    imports: set('php_tag namespace_use_declaration namespace_definition'),
    leading: set('comment'),
  },
  bash: {
    definitions: { function_definition: 'function' },
    containers: set(''),
    wrappers: noWrappers,
    imports: set(''),
    leading: set('comment'),
  },
  powershell: {
    definitions: {
      function_statement: 'function',
      class_method_definition: 'method',
      class_statement: 'class',
      enum_statement: 'enum',
    },
    containers: set('class_statement'),
    wrappers: set('statement_list'),
    imports: set(''),
    leading: set('comment'),
  },
  css: {
    definitions: {
      rule_set: 'type',
      media_statement: 'module',
      supports_statement: 'module',
      keyframes_statement: 'type',
    },
    containers: set('media_statement supports_statement'),
    wrappers: noWrappers,
    imports: set('import_statement charset_statement'),
    leading: set('comment'),
  },
}

/** The rules of a language's grammar, or undefined for a language that is read without one. */
export function grammarRules(language: Language): GrammarRules | undefined {
  return rules[language]
}

/** The languages that a grammar can be given for. */
export const parsedLanguages: readonly Language[] = Object.freeze(Object.keys(rules) as Language[])
