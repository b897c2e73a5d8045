/** Units of code: definitions with their comments and decorators, by tree-sitter or by indentation. @module */
export { type CodeParsers, type CodeParsersOptions, createCodeParsers, type WasmSource } from './code/code-parsers.ts'
export type { CodeOutline, CodeUnit, UnitKind } from './code/code-unit.ts'
export { parsedLanguages } from './code/grammar-rules.ts'
export { type CommentSyntax, commentSyntax, type Language, languageOf, languages } from './code/language.ts'
export { parseUnits } from './code/parse-units.ts'
export { type LineRange, lineAt, lineText, type SourceLines, splitSourceLines } from './code/source-lines.ts'
